#include "sim/results.h"

#include <algorithm>
#include <stdexcept>

#include "base/int128.h"
#include "sim/engine.h"

namespace simsched {
namespace {

const char* const kDistanceNames[] = {"same_cpu", "smt", "llc", "node", "remote"};

int64_t ppm(int64_t part, int64_t whole) {
  return whole == 0 ? 0 : static_cast<int64_t>(static_cast<Int128>(part) * 1000000 / whole);
}

}  // namespace

int64_t RunResult::metric(const std::string& name) const {
  for (const auto& [key, value] : metrics)
    if (key == name) return value;
  throw std::out_of_range("no metric named " + name);
}

const std::vector<MetricInfo>& metric_infos() {
  static const std::vector<MetricInfo> kInfos = {
      {"makespan_ns", "ns", "start to the last exit of the workload's tasks (or the duration)", -1},
      {"tasks_exited", "count", "tasks that ran to their end", +1},
      {"throughput_work_ppm", "ppm", "reference work done per CPU time offered", +1},
      {"context_switches", "count", "changes of the running task, idle included", -1},
      {"context_switches_voluntary", "count", "of them, the leaving task blocked, exited or was idle", 0},
      {"context_switches_involuntary", "count", "of them, the leaving task was still runnable", -1},
      {"migrations", "count", "a runnable or waking task changed CPU", -1},
      {"migrations_wakeup", "count", "... when it was woken", 0},
      {"migrations_fork", "count", "... when it was new", 0},
      {"migrations_exec", "count", "... when it replaced its program", 0},
      {"migrations_newidle", "count", "... pulled by a CPU about to idle", 0},
      {"migrations_periodic", "count", "... pulled by a busy CPU's periodic balance", 0},
      {"migrations_nohz_idle", "count", "... pulled for an idle CPU", 0},
      {"migrations_active", "count", "... pushed by the stopper (active balance)", 0},
      {"migrations_affinity", "count", "... because it was no longer allowed there", 0},
      {"migrations_policy", "count", "... moved by the policy otherwise", 0},
      {"migrations_smt", "count", "migrations to a sibling hardware thread", 0},
      {"migrations_llc", "count", "migrations within a last-level cache", 0},
      {"migrations_node", "count", "migrations within a NUMA node", 0},
      {"migrations_remote", "count", "migrations to another NUMA node", -1},
      {"wakeups", "count", "sleeping tasks woken", 0},
      {"forks", "count", "tasks forked", 0},
      {"wake_latency_ns_mean", "ns", "from waking (or being new) to running, mean", -1},
      {"wake_latency_ns_p50", "ns", "... median", -1},
      {"wake_latency_ns_p90", "ns", "... 90th percentile", -1},
      {"wake_latency_ns_p95", "ns", "... 95th percentile", -1},
      {"wake_latency_ns_p99", "ns", "... 99th percentile", -1},
      {"wake_latency_ns_max", "ns", "... worst", -1},
      {"runnable_wait_ns_mean", "ns", "every stretch of being runnable without running, mean", -1},
      {"runnable_wait_ns_p50", "ns", "... median", -1},
      {"runnable_wait_ns_p99", "ns", "... 99th percentile", -1},
      {"runnable_wait_ns_max", "ns", "... worst", -1},
      {"utilisation_ppm", "ppm", "share of CPU time that was not idle", 0},
      {"fairness_jain_ppm", "ppm", "Jain's index over tasks of CPU time got per CPU time wanted", +1},
      {"events", "count", "events simulated", 0},
  };
  return kInfos;
}

RunResult Engine::result() const {
  RunResult result;
  result.machine = machine_.name();
  result.workload = workload_.name;
  result.seed = seed_;

  TaskTime tasks;
  // Jain's index (sum x)^2 / (n sum x^2) of x = on-CPU / (on-CPU + wait), in parts per 2^16, over
  // tasks that were on a CPU at all.
  Uint128 sum = 0, squares = 0;
  uint64_t counted = 0;
  for (size_t i = 0; i < tasks_.size(); ++i) {
    const TaskTime& time = tasks_[i].time;
    tasks += time;
    if (is_stopper(TaskId(i)) || time.on_cpu() == Nanos(0)) continue;
    auto share =
        static_cast<uint64_t>((static_cast<Int128>(time.on_cpu().count()) << 16) / (time.on_cpu() + time[Cause::kWait]).count());
    sum += share;
    squares += static_cast<Uint128>(share) * share;
    ++counted;
  }
  CpuTime cpus;
  for (const Rq& rq : rqs_) {
    cpus.task += rq.time.task;
    cpus.overhead += rq.time.overhead;
    cpus.idle += rq.time.idle;
    result.cpu_busy_ns.push_back((rq.time.task + rq.time.overhead).count());
  }
  result.task_time = tasks.named();
  result.cpu_time = {
      {"task_ns", cpus.task.count()}, {"overhead_ns", cpus.overhead.count()}, {"idle_ns", cpus.idle.count()}};

  const Metrics& m = metrics_;
  auto put = [&](const std::string& name, auto value) {
    result.metrics.emplace_back(name, static_cast<int64_t>(value));
  };
  Nanos makespan = ends_with_foreground_ && foreground_left_ == 0 ? last_exit_ : now_;
  put("makespan_ns", makespan.count());
  put("tasks_exited", m.exits);
  put("throughput_work_ppm", ppm(tasks[Cause::kWork].count(), cpus.total().count()));
  put("context_switches", m.switches);
  put("context_switches_voluntary", m.switches - m.involuntary);
  put("context_switches_involuntary", m.involuntary);
  uint64_t migrations = 0;
  for (uint64_t count : m.migrations_by_kind) migrations += count;
  put("migrations", migrations);
  for (size_t i = 0; i < m.migrations_by_kind.size(); ++i)
    put(std::string("migrations_") + migration_kind_name(static_cast<MigrationKind>(i)), m.migrations_by_kind[i]);
  for (size_t i = 1; i < m.migrations_by_distance.size(); ++i)
    put(std::string("migrations_") + kDistanceNames[i], m.migrations_by_distance[i]);
  put("wakeups", m.wakeups);
  put("forks", m.forks);
  auto quantiles = [&](const std::string& name, const Histogram& histogram, std::initializer_list<int> per_mille) {
    put(name + "_mean", histogram.mean().count());
    for (int q : per_mille) put(name + "_p" + std::to_string(q / 10), histogram.quantile(q).count());
    put(name + "_max", histogram.max().count());
  };
  quantiles("wake_latency_ns", m.wake_latency, {500, 900, 950, 990});
  quantiles("runnable_wait_ns", m.runnable_wait, {500, 990});
  put("utilisation_ppm", ppm((cpus.task + cpus.overhead).count(), cpus.total().count()));
  put("fairness_jain_ppm", squares == 0 ? 1000000 : static_cast<int64_t>(sum * sum * 1000000 / (squares * counted)));
  put("events", nr_events_);
  for (const auto& cls : classes_) {
    SchedClass::Status status = cls->status();
    if (status.text.empty()) continue;
    result.status = status.text;
    result.exit_code = status.exit_code;
  }
  for (const auto& cls : classes_)
    for (auto& [name, value] : cls->counters()) put(std::string(cls->name()) + "_" + name, value);
  return result;
}

const SchedTrace& Engine::trace() const { return recorder_->trace(); }

}  // namespace simsched

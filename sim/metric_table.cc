#include "sim/metric_table.h"

#include <algorithm>
#include <numeric>

#include "base/int128.h"

namespace simsched {
namespace {

using enum Better;

int64_t ppm(int64_t part, int64_t whole) {
  return whole == 0 ? 0 : static_cast<int64_t>(static_cast<Int128>(part) * 1000000 / whole);
}

struct KindRow {
  MigrationKind kind;
  const char *name, *help;
};
constexpr KindRow kKinds[kNrMigrationKinds] = {
    {MigrationKind::kWakeup, "wakeup", "when it was woken"},
    {MigrationKind::kFork, "fork", "when it was new"},
    {MigrationKind::kExec, "exec", "when it replaced its program"},
    {MigrationKind::kNewIdle, "newidle", "pulled by a CPU about to become idle"},
    {MigrationKind::kPeriodic, "periodic", "pulled by periodic balancing of a busy CPU"},
    {MigrationKind::kNohzIdle, "nohz_idle", "pulled on behalf of an idle CPU"},
    {MigrationKind::kActive, "active", "pushed by the stopper while it ran (active balancing)"},
    {MigrationKind::kAffinity, "affinity", "because it was no longer allowed where it was"},
    {MigrationKind::kPolicy, "policy", "moved by the policy for another reason"},
};

struct DistanceRow {
  Distance distance;
  const char* name;
  Better better;
  const char* help;
};
constexpr DistanceRow kDistances[kNrDistances - 1] = {
    {Distance::kSmt, "smt", kNeither, "to a hardware thread of the same core"},
    {Distance::kLlc, "llc", kNeither, "to a core behind the same last-level cache"},
    {Distance::kNode, "node", kNeither, "to another last-level cache of the same NUMA node"},
    {Distance::kRemote, "remote", kLower, "to another NUMA node"},
};

class TableMaker {
 public:
  // `value` of the engine's counts / of the totals.
  void count(std::string name, Better better, std::string help, std::function<uint64_t(const Metrics&)> value) {
    add(std::move(name), "count", better, std::move(help),
        [value = std::move(value)](const Totals& t) { return static_cast<int64_t>(value(t.counts)); });
  }
  void add(std::string name, std::string unit, Better better, std::string help,
           std::function<int64_t(const Totals&)> value, std::string samples = {}) {
    rows_.push_back({std::move(name), std::move(unit), better, std::move(help), std::move(value), std::move(samples)});
  }
  // Figures of a histogram of durations NAME_ns: `percents` are quantiles between the mean and the maximum.
  void durations(const std::string& name, const std::string& help, Histogram Metrics::*histogram,
                 std::initializer_list<int> percents) {
    const std::string samples = name + "_samples";
    count(samples, kNeither, help + ": how many", [histogram](const Metrics& m) { return (m.*histogram).count(); });
    auto row = [&](const std::string& suffix, const std::string& what, auto figure) {
      add(
          name + "_ns" + suffix, "ns", kLower, what,
          [histogram, figure](const Totals& t) { return figure(t.counts.*histogram).count(); }, samples);
    };
    row("_mean", help + ": mean", [](const Histogram& h) { return h.mean(); });
    for (int percent : percents) {
      row("_p" + std::to_string(percent),
          percent == 50 ? "its median" : "its " + std::to_string(percent) + "th percentile",
          [percent](const Histogram& h) { return h.quantile(percent * 10); });
    }
    row("_max", "its maximum", [](const Histogram& h) { return h.max(); });
  }
  std::vector<Metric> take() { return std::move(rows_); }

 private:
  std::vector<Metric> rows_;
};

std::vector<Metric> make_table() {
  TableMaker t;
  t.add("makespan_ns", "ns", kLower,
        "from the start until the last task that is not marked background has exited, or the duration",
        [](const Totals& all) { return all.makespan.count(); });
  t.count("tasks_exited", kHigher, "tasks that ran to their end", [](const Metrics& m) { return m.exits; });
  t.count("tasks_illegal", kLower,
          "tasks that a core ended because it lacks an instruction set that they need (SIGILL)",
          [](const Metrics& m) { return m.illegal; });
  t.add("tasks_unfinished", "count", kLower, "tasks not marked background that did not",
        [](const Totals& all) { return static_cast<int64_t>(all.unfinished); });
  t.add("tasks_starved", "count", kLower,
        "tasks that did not end, waited for a CPU for over 100 ms and half of their life at a stretch, and had one for "
        "less than a thousandth of that",
        [](const Totals& all) { return static_cast<int64_t>(all.starved); });
  t.add("throughput_work_ppm", "ppm", kHigher, "work done, as on the fastest core alone, per CPU time that there was",
        [](const Totals& all) { return ppm(all.tasks[Cause::kWork].count(), all.cpus.total().count()); });
  t.count("context_switches", kLower, "changes of the task on a CPU, to and from idle included",
          [](const Metrics& m) { return m.switches; });
  t.count("context_switches_voluntary", kNeither, "of them, the leaving task blocked, exited or was idle",
          [](const Metrics& m) { return m.switches - m.involuntary; });
  t.count("context_switches_involuntary", kLower, "of them, the leaving task could have gone on",
          [](const Metrics& m) { return m.involuntary; });
  t.count("migrations", kLower,
          "a runnable, waking or new task changed CPU; the sum of the next nine, and of the four after them",
          [](const Metrics& m) {
            return std::accumulate(m.migrations_by_kind.begin(), m.migrations_by_kind.end(), uint64_t{0});
          });
  for (const KindRow& row : kKinds) {
    t.count(std::string("migrations_") + row.name, kNeither, row.help,
            [kind = row.kind](const Metrics& m) { return m.migrations_by_kind[static_cast<size_t>(kind)]; });
  }
  for (const DistanceRow& row : kDistances) {
    t.count(std::string("migrations_") + row.name, row.better, row.help, [distance = row.distance](const Metrics& m) {
      return m.migrations_by_distance[static_cast<size_t>(distance)];
    });
  }
  t.count("wakeups", kNeither, "sleeping tasks that were woken", [](const Metrics& m) { return m.wakeups; });
  t.add("waits", "count", kNeither, "waits of a task for another's signal",
        [](const Totals& all) { return static_cast<int64_t>(all.waits); });
  t.add("waits_free", "count", kNeither, "of them, the signal had come already",
        [](const Totals& all) { return static_cast<int64_t>(all.free_waits); });
  t.count("forks", kNeither, "tasks that were forked", [](const Metrics& m) { return m.forks; });
  t.durations("wake_latency", "from waking a task, or making it, until it runs", &Metrics::wake_latency,
              {50, 90, 95, 99});
  t.durations("runnable_wait", "every stretch of being able to run and not running, after preemption too",
              &Metrics::runnable_wait, {50, 99});
  t.count("frames", kHigher, "what tasks make periodically, done: images, blocks of sound (kFrame of their programs)",
          [](const Metrics& m) { return m.frames; });
  t.count("deadline_misses", kLower, "periods after a task's first frame in which it had none done",
          [](const Metrics& m) { return m.deadline_misses; });
  t.durations("frame_time", "from one frame of a task to its next", &Metrics::frame_time, {50, 99});
  t.add("utilisation_ppm", "ppm", kNeither, "share of CPU time that was not idle",
        [](const Totals& all) { return ppm(all.cpus.busy().count(), all.cpus.total().count()); });
  t.add("idle_wasted_ns", "ns", kLower,
        "CPU time that was idle while tasks that could have run there waited for another",
        [](const Totals& all) { return all.wasted.all.count(); });
  t.add("idle_wasted_llc_ns", "ns", kNeither, "of it, they waited behind the same last-level cache",
        [](const Totals& all) { return all.wasted.llc.count(); });
  t.add("idle_wasted_node_ns", "ns", kNeither, "of it, behind another last-level cache of the same NUMA node",
        [](const Totals& all) { return all.wasted.node.count(); });
  t.add("idle_wasted_remote_ns", "ns", kNeither,
        "of it, on another NUMA node; what is left is of tasks confined to some CPUs",
        [](const Totals& all) { return all.wasted.remote.count(); });
  t.add("fairness_jain_ppm", "ppm", kHigher,
        "Jain's index over tasks of time on a CPU per time on a CPU or waiting for one; 1,000,000: all alike",
        [](const Totals& all) { return all.fairness.ppm(); });
  t.add("pages_moved", "count", kNeither, "pages of 4 KiB that went to another node",
        [](const Totals& all) { return all.memory.pages_moved; });
  t.add(
      "memory_remote_ppm", "ppm", kLower,
      "of the time in which tasks ran that wait for memory, the share with pages on other nodes, in proportion to them",
      [](const Totals& all) { return ppm(all.memory.remote.count(), all.memory.used.count()); });
  t.add("energy_uj", "uj", kLower, "that the machine used, as far as its file knows powers: 0 where it knows none",
        [](const Totals& all) { return microjoules(all.energy.all()); });
  t.add("energy_cpus_uj", "uj", kLower, "of it, in cores",
        [](const Totals& all) { return microjoules(all.energy.cores()); });
  t.add("energy_shared_uj", "uj", kLower, "of it, in what the cores of a power domain share",
        [](const Totals& all) { return microjoules(all.energy.shared); });
  t.count("frequency_changes", kNeither, "changes of the frequency of a power domain",
          [](const Metrics& m) { return m.frequency_changes; });
  t.count("waits_let_go", kLower,
          "waits of a replay that nothing would have met any more; its results are not to be trusted",
          [](const Metrics& m) { return m.let_go; });
  t.add("events", "count", kNeither, "events that the simulator handled",
        [](const Totals& all) { return static_cast<int64_t>(all.events); });
  return t.take();
}

// Of each class of packets, by name without "packets_CLASS_".
const std::vector<Metric>& packet_figures() {
  static const std::vector<Metric> kFigures = [] {
    std::vector<Metric> rows;
    auto add = [&](Better better, const std::string& unit, std::initializer_list<const char*> names) {
      for (const char* name : names) rows.push_back({name, unit, better, {}, {}});
    };
    add(kLower, "ns",
        {"latency_ns_mean", "latency_ns_p50", "latency_ns_p90", "latency_ns_p99", "latency_ns_p99.9",
         "latency_ns_p99.99", "latency_ns_p99.999", "latency_ns_max"});
    add(kLower, "ppm", {"dropped_ppm", "late_sla_ppm", "late_budget_ppm"});
    add(kLower, "count",
        {"dropped_ring", "dropped_queue", "dropped_bits", "late_sla", "late_budget", "energy_nj_per_packet"});
    add(kHigher, "count", {"served", "served_bits"});
    add(kNeither, "ppm", {"even_cpus_busy_ppm", "odd_cpus_busy_ppm"});
    add(kNeither, "count", {"arrived", "arrived_bits", "left", "interrupts", "rounds", "ksoftirqd_wakeups"});
    return rows;
  }();
  return kFigures;
}

struct PacketMetric {
  const Metric* figure = nullptr;
  std::string_view packet_class;
};

PacketMetric find_packet_metric(std::string_view name) {
  constexpr std::string_view kPrefix = "packets_";
  if (!name.starts_with(kPrefix)) return {};
  name.remove_prefix(kPrefix.size());
  for (const Metric& figure : packet_figures()) {
    if (!name.ends_with("_" + figure.name) || name.size() == figure.name.size() + 1) continue;
    return {&figure, name.substr(0, name.size() - figure.name.size() - 1)};
  }
  return {};
}

}  // namespace

const std::vector<Metric>& metric_table() {
  static const std::vector<Metric> kTable = make_table();
  return kTable;
}

const Metric* find_metric(std::string_view name) {
  const auto& table = metric_table();
  auto found = std::find_if(table.begin(), table.end(), [&](const Metric& metric) { return metric.name == name; });
  return found == table.end() ? find_packet_metric(name).figure : &*found;
}

std::string packet_class_of(std::string_view metric) { return std::string(find_packet_metric(metric).packet_class); }

}  // namespace simsched

#include "experiment/task_figures.h"

#include <map>
#include <unordered_map>

#include "base/histogram.h"

namespace simsched {
namespace {

constexpr uint64_t kEnoughForP99 = 368;  // see report/tail.h

struct Figures {
  int64_t tasks = 0, switches = 0, preemptions = 0, wakeups = 0, migrations = 0;
  Nanos run, wait, sleep;
  Histogram wake_latency;

  void operator+=(const Figures& other) {
    tasks += other.tasks;
    switches += other.switches;
    preemptions += other.preemptions;
    wakeups += other.wakeups;
    migrations += other.migrations;
    run += other.run;
    wait += other.wait;
    sleep += other.sleep;
  }

  NamedValues named() const {
    NamedValues values = {{"run_ns", run.count()},   {"wait_ns", wait.count()},    {"sleep_ns", sleep.count()},
                          {"switches", switches},    {"preemptions", preemptions}, {"wakeups", wakeups},
                          {"migrations", migrations}};
    if (tasks > 0) values.insert(values.begin(), {"tasks", tasks});
    if (wake_latency.count() == 0) return values;
    values.emplace_back("wake_latency_ns_mean", wake_latency.mean().count());
    values.emplace_back("wake_latency_ns_p50", wake_latency.quantile(500).count());
    if (wake_latency.count() >= kEnoughForP99)
      values.emplace_back("wake_latency_ns_p99", wake_latency.quantile(990).count());
    values.emplace_back("wake_latency_ns_max", wake_latency.max().count());
    return values;
  }
};

class Follower {
 public:
  explicit Follower(const SchedTrace& trace) : trace_(trace) {
    for (const TraceEvent& event : trace.events) follow(event);
  }

  void finish(Nanos end, RunResult& result) {
    std::map<std::string, Figures> names;
    for (Task& task : tasks_) {
      become(task, State::kGone, end);
      Figures& all = names[trace_.names[task.name]];
      all += task.figures;
      ++all.tasks;
      result.tasks.emplace_back(trace_.names[task.name] + "[" + std::to_string(task.pid.value()) + "]",
                                task.figures.named());
    }
    for (auto& [name, figures] : names) {
      figures.wake_latency = latencies_[name];
      result.names.emplace_back(name, figures.named());
    }
  }

 private:
  enum class State : uint8_t { kRunning, kWaiting, kAsleep, kGone };
  struct Task {
    Pid pid;
    uint32_t name = 0;
    State state = State::kGone;
    Nanos since{0}, woken{-1};
    Figures figures = {};
  };

  Task& task(Pid pid, uint32_t name) {
    const auto [found, is_new] = index_.try_emplace(pid.value(), tasks_.size());
    if (is_new) tasks_.push_back({.pid = pid, .name = name});
    return tasks_[found->second];
  }

  static void become(Task& task, State state, Nanos now) {
    const Nanos lasted = now - task.since;
    if (task.state == State::kRunning) task.figures.run += lasted;
    if (task.state == State::kWaiting) task.figures.wait += lasted;
    if (task.state == State::kAsleep) task.figures.sleep += lasted;
    task.state = state;
    task.since = now;
  }

  void follow(const TraceEvent& event) {
    switch (event.kind) {
      case TraceKind::kSwitch:
        if (event.current.value() != 0) leaves(event);
        if (event.pid.value() != 0) comes(event);
        break;
      case TraceKind::kWaking:
      case TraceKind::kWakeupNew: {
        Task& woken = task(event.pid, event.name);
        woken.figures.wakeups += event.kind == TraceKind::kWaking;
        woken.woken = event.time;
        become(woken, State::kWaiting, event.time);
        break;
      }
      case TraceKind::kMigrate:
        ++task(event.pid, event.name).figures.migrations;
        break;
      default:
        break;
    }
  }

  void leaves(const TraceEvent& event) {
    const auto found = index_.find(event.current.value());
    if (found == index_.end()) return;
    Task& left = tasks_[found->second];
    if (left.state != State::kRunning) return;  // woken before it had left its CPU
    const bool goes_on = event.state == kStateRunning || event.state == kStatePreempted;
    left.figures.preemptions += goes_on;
    const bool dead = (event.state & (kStateDead | kStateZombie)) != 0;
    become(left, goes_on ? State::kWaiting : dead ? State::kGone : State::kAsleep, event.time);
  }

  void comes(const TraceEvent& event) {
    Task& next = task(event.pid, event.name);
    become(next, State::kRunning, event.time);
    ++next.figures.switches;
    if (next.woken < Nanos(0)) return;
    next.figures.wake_latency.add(event.time - next.woken);
    latencies_[trace_.names[next.name]].add(event.time - next.woken);
    next.woken = Nanos(-1);
  }

  const SchedTrace& trace_;
  std::vector<Task> tasks_;
  std::unordered_map<int32_t, size_t> index_;  // of tasks_, by pid
  std::map<std::string, Histogram> latencies_;
};

}  // namespace

void add_task_figures(const SchedTrace& trace, RunResult& result) {
  int64_t end = 0;
  for (const auto& [name, time] : result.cpu_time) end += time;
  Follower(trace).finish(Nanos(end / static_cast<int64_t>(trace.nr_cpus)), result);
}

}  // namespace simsched

// Switches that a recording lacks. Some KVM guests do not record sched_switch out of idle on some CPUs, and
// the events of some service threads not at all but for the switches to them. All else is there, so the
// switch follows from what the next task does.
#include <algorithm>
#include <unordered_map>
#include <utility>

#include "traces/complete_switches.h"

namespace simsched {
namespace {

constexpr uint64_t kMinIdlePeriods = 16;  // fewer say nothing about a CPU

// Nothing known yet of who runs on a CPU.
constexpr Pid kUnknown{};
constexpr Pid kIdle{0};

struct Task {
  CpuId cpu;                // where it runs; none: it does not
  Nanos woken{0};           // last waking
  Nanos started = Nanos::max();  // when it was switched in, as its sched_stat_runtime tells; max: none since
  size_t inferred = SIZE_MAX;    // index of its switch-in that still waits for a sched_stat_runtime
  size_t left = SIZE_MAX;        // index of its inferred switch-out, while it is not back
  uint64_t pending_wakeups = 0;
  uint32_t name = 0;
  int16_t prio = 120;
};

struct Cpu {
  Pid running = kUnknown;
  Nanos since{0};  // `running` is known to run
  uint64_t idle_periods = 0, seen_ends = 0;
  std::vector<std::pair<Pid, size_t>> left;  // who left it by an inferred switch since it last idled, and which
};

struct Inferred {
  TraceEvent event;
  Nanos earliest;
  size_t before;  // the event that shows who runs
};

class Completion {
 public:
  explicit Completion(SchedTrace& trace) : trace_(trace), cpus_(trace.nr_cpus) {}

  void run() {
    for (size_t i = 0; i < trace_.events.size(); ++i) follow(trace_.events[i], i);
    trace_.holes.no_switch_from_idle.assign(cpus_.size(), false);
    for (size_t cpu = 0; cpu < cpus_.size(); ++cpu)
      trace_.holes.no_switch_from_idle[cpu] =
          cpus_[cpu].idle_periods >= kMinIdlePeriods && cpus_[cpu].seen_ends * 10 < cpus_[cpu].idle_periods;
    for (const auto& [pid, task] : tasks_) trace_.holes.unplaced_wakeups += task.pending_wakeups;
    trace_.holes.inferred_switches += inferred_.size();
    insert();
  }

 private:
  void follow(const TraceEvent& event, size_t index);
  void infer(CpuId cpu, Pid pid, size_t index);
  void place(Inferred& inferred, Nanos start);
  void comes(Pid pid, CpuId cpu);
  void leaves(Pid pid);
  void idles(Cpu& cpu);
  void insert();

  SchedTrace& trace_;
  std::vector<Cpu> cpus_;
  std::unordered_map<int32_t, Task> tasks_;
  std::vector<Inferred> inferred_;
};

void Completion::follow(const TraceEvent& event, size_t index) {
  if (event.kind == TraceKind::kLost || event.kind == TraceKind::kComm || !event.current.valid()) return;
  Cpu& cpu = cpus_[event.cpu.index()];

  // Who raises an event on a CPU runs there.
  if (cpu.running != event.current) {
    if (cpu.running != kUnknown) infer(event.cpu, event.current, index);
    else if (event.current != kIdle) comes(event.current, event.cpu);
    cpu.running = event.current;
  }

  Task& task = tasks_[event.pid.value()];
  if (event.name != 0) task.name = event.name;
  switch (event.kind) {
    case TraceKind::kWaking:
    case TraceKind::kWakeupNew:
      task.prio = event.prio;
      task.woken = event.time;
      if (!task.cpu.valid()) ++task.pending_wakeups;
      if (task.left != SIZE_MAX) inferred_[std::exchange(task.left, SIZE_MAX)].event.state = kStateInterruptible;
      break;
    case TraceKind::kStatRuntime: {
      // `value` counts from the switch-in, when it is the first one since. It may be raised on another CPU:
      // a waker there brings the clock of this run queue up to date.
      Nanos start = event.time - std::clamp(Nanos(event.value), Nanos(0), event.time);
      if (task.inferred != SIZE_MAX) place(inferred_[std::exchange(task.inferred, SIZE_MAX)], start);
      else if (!task.cpu.valid() && task.started == Nanos::max()) task.started = start;
      break;
    }
    case TraceKind::kSwitch:
      if (event.current == kIdle) ++cpu.seen_ends;
      else if (event.current != event.pid) leaves(event.current);
      if (event.pid == kIdle) {
        ++cpu.idle_periods;
        idles(cpu);
      } else {
        task.prio = event.prio;
        comes(event.pid, event.cpu);
      }
      cpu.running = event.pid;
      cpu.since = event.time;
      break;
    case TraceKind::kMigrate:
      task.left = SIZE_MAX;  // by its waking, which has said all, or still runnable
      break;
    default: break;
  }
}

// A CPU that idles has nobody left to run: who is not back had blocked, though its waking is missing like all else.
void Completion::idles(Cpu& cpu) {
  for (auto [pid, index] : cpu.left) {
    if (tasks_[pid.value()].left != index) continue;
    inferred_[index].event.state = kStateInterruptible;
    tasks_[pid.value()].left = SIZE_MAX;
  }
  cpu.left.clear();
}

void Completion::comes(Pid pid, CpuId cpu) {
  Task& task = tasks_[pid.value()];
  task.cpu = cpu;
  task.started = Nanos::max();
  task.left = SIZE_MAX;
  task.pending_wakeups = 0;
}

void Completion::leaves(Pid pid) {
  Task& task = tasks_[pid.value()];
  task.cpu = CpuId();
  task.started = Nanos::max();
  task.inferred = SIZE_MAX;
}

// `pid` runs on `cpu` at event `index`, though the last switch there was to another. Whom it replaced ran until
// it came; in which state that one left is told by whether it is woken, or the CPU idles, before it comes back.
void Completion::infer(CpuId cpu, Pid pid, size_t index) {
  Cpu& at = cpus_[cpu.index()];
  Inferred found{.event = {}, .earliest = at.since, .before = index};
  found.event.kind = TraceKind::kSwitch;
  found.event.cpu = cpu;
  found.event.current = at.running;
  found.event.pid = pid;
  found.event.inferred = true;
  found.event.time = trace_.events[index].time;
  if (at.running != kIdle) {
    leaves(at.running);
    tasks_[at.running.value()].left = inferred_.size();
    at.left.emplace_back(at.running, inferred_.size());
  }
  if (pid != kIdle) {
    Task& task = tasks_[pid.value()];
    found.earliest = std::max(at.since, task.woken);
    found.event.name = task.name;
    found.event.prio = task.prio;
    if (task.started != Nanos::max()) place(found, task.started);
    else task.inferred = inferred_.size();
    comes(pid, cpu);
  }
  at.since = trace_.events[index].time;
  inferred_.push_back(found);
}

void Completion::place(Inferred& inferred, Nanos start) {
  // Not before it was woken nor before the CPU's last switch; not after it was seen running.
  Nanos latest = trace_.events[inferred.before].time;
  inferred.event.time = std::clamp(start, std::min(inferred.earliest, latest), latest);
}

void Completion::insert() {
  if (inferred_.empty()) return;
  std::stable_sort(inferred_.begin(), inferred_.end(),
                   [](const Inferred& a, const Inferred& b) { return a.event.time < b.event.time; });
  std::vector<TraceEvent> events;
  events.reserve(trace_.events.size() + inferred_.size());
  size_t at = 0;
  for (const Inferred& inferred : inferred_) {
    // After what happened at the same time, but before the event that shows the task running.
    while (at < inferred.before && trace_.events[at].time <= inferred.event.time) events.push_back(trace_.events[at++]);
    events.push_back(inferred.event);
  }
  events.insert(events.end(), trace_.events.begin() + static_cast<std::ptrdiff_t>(at), trace_.events.end());
  trace_.events = std::move(events);
}

}  // namespace

void complete_switches(SchedTrace& trace) { Completion(trace).run(); }

}  // namespace simsched

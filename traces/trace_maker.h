// For tests: writes a SchedTrace event by event, as a kernel would have recorded it.
#pragma once

#include <string>

#include "traces/sched_trace.h"

namespace simsched {

class TraceMaker {
 public:
  explicit TraceMaker(size_t nr_cpus = 2) {
    trace_.nr_cpus = nr_cpus;
    trace_.holes.no_switch_from_idle.assign(nr_cpus, false);
  }

  // Times are in microseconds. `from` leaves in `state`, `to` comes; 0 is idle.
  TraceMaker& sw(int64_t at, int cpu, int from, uint16_t state, int to) {
    grow(from);
    TraceEvent event = make(TraceKind::kSwitch, at, cpu, from, to);
    event.state = state;
    event.current_prio = prio_[static_cast<size_t>(from)];
    return add(event);
  }
  TraceMaker& waking(int64_t at, int cpu, int current, int pid, uint8_t context = 0, int last_cpu = 0) {
    TraceEvent event = make(TraceKind::kWaking, at, cpu, current, pid);
    event.context = context;
    event.other_cpu = CpuId(last_cpu);
    return add(event);
  }
  TraceMaker& fork(int64_t at, int cpu, int parent, int child) {
    return add(make(TraceKind::kFork, at, cpu, parent, child));
  }
  TraceMaker& wakeup_new(int64_t at, int cpu, int current, int pid, int placed_on = 0) {
    TraceEvent event = make(TraceKind::kWakeupNew, at, cpu, current, pid);
    event.other_cpu = CpuId(placed_on);
    return add(event);
  }
  TraceMaker& exec(int64_t at, int cpu, int pid, const std::string& name) {
    names(pid, name);
    return add(make(TraceKind::kExec, at, cpu, pid, pid));
  }
  TraceMaker& migrate(int64_t at, int cpu, int current, int pid, int from, int to) {
    TraceEvent event = make(TraceKind::kMigrate, at, cpu, current, pid);
    event.other_cpu = CpuId(from);
    event.dest_cpu = CpuId(to);
    return add(event);
  }
  TraceMaker& nothing(int64_t at, int cpu, int current) {
    return add(make(TraceKind::kStatRuntime, at, cpu, current, current));
  }

  // What `pid` is called and its priority from now on.
  TraceMaker& names(int pid, const std::string& name, int prio = 120) {
    grow(pid);
    name_[static_cast<size_t>(pid)] = trace_.intern(name);
    prio_[static_cast<size_t>(pid)] = static_cast<int16_t>(prio);
    return *this;
  }

  SchedTrace& trace() { return trace_; }

 private:
  void grow(int pid) {
    if (name_.size() > static_cast<size_t>(pid)) return;
    name_.resize(static_cast<size_t>(pid) + 1, 0);
    prio_.resize(static_cast<size_t>(pid) + 1, 120);
  }
  TraceEvent make(TraceKind kind, int64_t at, int cpu, int current, int pid) {
    grow(pid);
    TraceEvent event;
    event.kind = kind;
    event.time = Nanos(at * 1000);
    event.cpu = CpuId(cpu);
    event.current = Pid(current);
    event.pid = Pid(pid);
    event.name = name_[static_cast<size_t>(pid)];
    event.prio = prio_[static_cast<size_t>(pid)];
    return event;
  }
  TraceMaker& add(const TraceEvent& event) {
    trace_.events.push_back(event);
    return *this;
  }

  SchedTrace trace_;
  std::vector<uint32_t> name_;  // by pid
  std::vector<int16_t> prio_;
};

}  // namespace simsched

// Writes what a simulation did as a SchedTrace, in the words of the kernel's tracepoints.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "topology/machine.h"
#include "traces/counter_track.h"
#include "traces/sched_trace.h"
#include "workloads/workload.h"

namespace simsched {

// In all calls `current` runs on `cpu` (none: idle) when the event is raised there.
class Recorder {
 public:
  Recorder(const Workload& workload, const Machine& machine);

  void task_switch(Nanos now, CpuId cpu, TaskId prev, TaskId next, uint16_t prev_state);
  void waking(Nanos now, CpuId cpu, TaskId current, TaskId woken, CpuId last_cpu, uint8_t context);
  void wakeup_new(Nanos now, CpuId cpu, TaskId current, TaskId child, CpuId child_cpu);
  void migrate(Nanos now, CpuId cpu, TaskId current, TaskId task, CpuId from, CpuId to);
  void fork(Nanos now, CpuId cpu, TaskId parent, TaskId child);
  void exec(Nanos now, CpuId cpu, TaskId task);
  // From now on.
  void set_priority(TaskId task, SchedPolicy policy, int rt_priority, int nice);

  // A figure is so much from now on.
  void sample(Nanos now, const std::string& name, int64_t value) { named_[name].add(now, value); }
  void frequency(Nanos now, CpuId cpu, int64_t khz) { frequencies_[cpu.index()].add(now, khz); }
  void idle(Nanos now, CpuId cpu, int64_t state) { idles_[cpu.index()].add(now, state); }

  const SchedTrace& trace() const { return trace_; }
  std::vector<CounterTrack> counters() const;

 private:
  TraceEvent& add(TraceKind kind, Nanos now, CpuId cpu, TaskId current, TaskId about);

  struct Identity {
    Pid pid;
    uint32_t name;
    int16_t prio;
  };
  std::vector<Identity> tasks_;  // the workload's, then the stoppers
  SchedTrace trace_;
  std::map<std::string, CounterTrack> named_;
  std::vector<CounterTrack> frequencies_, idles_;  // by CPU
};

}  // namespace simsched

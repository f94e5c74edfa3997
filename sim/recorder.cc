#include "sim/recorder.h"

#include <algorithm>

namespace simsched {

Recorder::Recorder(const Workload& workload, const Machine& machine) {
  trace_.nr_cpus = machine.nr_cpus();
  for (CpuId cpu : machine.cpus()) {
    frequencies_.push_back({CounterTrack::Kind::kFrequency, cpu, {}, {}});
    idles_.push_back({CounterTrack::Kind::kIdle, cpu, {}, {}});
  }
  trace_.holes.no_switch_from_idle.assign(machine.nr_cpus(), false);
  int32_t last_pid = 0;
  for (const TaskSpec& spec : workload.tasks) {
    tasks_.push_back({Pid(spec.pid), trace_.intern(workload.names[spec.name]), 0});
    set_priority(TaskId(tasks_.size() - 1), spec.policy, spec.rt_priority, spec.nice);
    last_pid = std::max(last_pid, spec.pid);
  }
  for (CpuId cpu : machine.cpus())
    tasks_.push_back({Pid(last_pid + 1 + cpu.value()), trace_.intern("migration/" + std::to_string(cpu.value())), 0});
}

void Recorder::set_priority(TaskId task, SchedPolicy policy, int rt_priority, int nice) {
  const int prio = policy == SchedPolicy::kDeadline ? -1 : is_real_time(policy) ? 99 - rt_priority : 120 + nice;
  tasks_[task.index()].prio = static_cast<int16_t>(prio);
}

TraceEvent& Recorder::add(TraceKind kind, Nanos now, CpuId cpu, TaskId current, TaskId about) {
  TraceEvent& event = trace_.events.emplace_back();
  event.kind = kind;
  event.time = now;
  event.cpu = cpu;
  event.current = current.valid() ? tasks_[current.index()].pid : Pid(0);
  if (about.valid()) {
    const Identity& identity = tasks_[about.index()];
    event.pid = identity.pid;
    event.name = identity.name;
    event.prio = identity.prio;
  } else {
    event.pid = Pid(0);
  }
  return event;
}

void Recorder::task_switch(Nanos now, CpuId cpu, TaskId prev, TaskId next, uint16_t prev_state) {
  TraceEvent& event = add(TraceKind::kSwitch, now, cpu, prev, next);
  event.state = prev_state;
  event.current_prio = prev.valid() ? tasks_[prev.index()].prio : int16_t{120};
}

void Recorder::waking(Nanos now, CpuId cpu, TaskId current, TaskId woken, CpuId last_cpu, uint8_t context) {
  TraceEvent& event = add(TraceKind::kWaking, now, cpu, current, woken);
  event.other_cpu = last_cpu;
  event.context = context;
}

void Recorder::wakeup_new(Nanos now, CpuId cpu, TaskId current, TaskId child, CpuId child_cpu) {
  add(TraceKind::kWakeupNew, now, cpu, current, child).other_cpu = child_cpu;
}

void Recorder::migrate(Nanos now, CpuId cpu, TaskId current, TaskId task, CpuId from, CpuId to) {
  TraceEvent& event = add(TraceKind::kMigrate, now, cpu, current, task);
  event.other_cpu = from;
  event.dest_cpu = to;
}

void Recorder::fork(Nanos now, CpuId cpu, TaskId parent, TaskId child) {
  add(TraceKind::kFork, now, cpu, parent, child);
}

void Recorder::exec(Nanos now, CpuId cpu, TaskId task) { add(TraceKind::kExec, now, cpu, task, task); }

std::vector<CounterTrack> Recorder::counters() const {
  std::vector<CounterTrack> all;
  for (const auto* tracks : {&frequencies_, &idles_})
    for (const CounterTrack& track : *tracks)
      if (!track.samples.empty()) all.push_back(track);
  for (const auto& [name, track] : named_) {
    all.push_back(track);
    all.back().name = name;
  }
  return all;
}

}  // namespace simsched

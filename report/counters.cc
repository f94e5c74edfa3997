#include "report/counters.h"

#include <map>
#include <string>
#include <unordered_map>

namespace simsched {
namespace {

class NrRunning {
 public:
  explicit NrRunning(size_t nr_cpus) : counts_(nr_cpus, 0), tracks_(nr_cpus) {
    for (size_t i = 0; i < nr_cpus; ++i) tracks_[i].name = "cpu" + std::to_string(i) + " nr_running";
  }

  void handle(const TraceEvent& event) {
    switch (event.kind) {
      case TraceKind::kWaking:
      case TraceKind::kWakeupNew:
        place(event.pid, event.other_cpu, event.time);
        break;
      case TraceKind::kMigrate:
        if (queued_.contains(event.pid.value())) place(event.pid, event.dest_cpu, event.time);
        break;
      case TraceKind::kSwitch:
        // Preempted (or merely outranked) tasks keep waiting here; all others leave.
        if (event.state != kStateRunning && !(event.state & kStatePreempted)) leave(event.current, event.time);
        place(event.pid, event.cpu, event.time);
        break;
      case TraceKind::kExit:
      case TraceKind::kStatRuntime:
      case TraceKind::kFork:
      case TraceKind::kExec:
      case TraceKind::kComm:
      case TraceKind::kLost:
        break;
    }
  }
  std::vector<CounterTrack> take() { return std::move(tracks_); }

 private:
  void place(Pid task, CpuId cpu, Nanos time) {
    if (task.value() <= 0 || !cpu.valid() || cpu.index() >= counts_.size()) return;
    auto [at, is_new] = queued_.try_emplace(task.value(), cpu);
    if (!is_new) {
      if (at->second == cpu) return;
      add(at->second, -1, time);
      at->second = cpu;
    }
    add(cpu, 1, time);
  }
  void leave(Pid task, Nanos time) {
    auto at = queued_.find(task.value());
    if (at == queued_.end()) return;
    add(at->second, -1, time);
    queued_.erase(at);
  }
  void add(CpuId cpu, int64_t change, Nanos time) {
    counts_[cpu.index()] += change;
    // What it was in between two events of the same time cannot be seen.
    tracks_[cpu.index()].add(time, counts_[cpu.index()]);
  }

  std::vector<int64_t> counts_;
  std::vector<CounterTrack> tracks_;
  std::unordered_map<int32_t, CpuId> queued_;  // runnable tasks and where
};

}  // namespace

std::vector<CounterTrack> nr_running_counters(const SchedTrace& trace) {
  NrRunning counter(trace.nr_cpus);
  for (const TraceEvent& event : trace.events) counter.handle(event);
  return counter.take();
}

std::vector<SliceTrack> places(const SchedTrace& trace, const Machine& machine) {
  struct Task {
    LlcId llc;
    SliceTrack track;
  };
  std::map<int32_t, Task> tasks;
  if (machine.nr_llcs() < 2) return {};
  for (const TraceEvent& event : trace.events) {
    if (event.kind != TraceKind::kSwitch) continue;
    if (auto left = tasks.find(event.current.value()); left != tasks.end())
      left->second.track.slices.back().end = event.time;
    if (event.pid.value() <= 0) continue;
    const Cpu& cpu = machine.cpu(event.cpu);
    Task& task = tasks[event.pid.value()];
    if (task.llc == cpu.llc) continue;
    task.llc = cpu.llc;
    task.track.pid = event.pid;
    task.track.slices.push_back(
        {event.time, trace.duration(),
         "node " + std::to_string(cpu.node.value()) + ", LLC " + std::to_string(cpu.llc.value())});
  }
  std::vector<SliceTrack> tracks;
  for (auto& [pid, task] : tasks) tracks.push_back(std::move(task.track));
  return tracks;
}

}  // namespace simsched

#include "report/counters.h"

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
    auto& samples = tracks_[cpu.index()].samples;
    // One sample an instant: what it was in between two events of the same time cannot be seen.
    if (samples.empty() || samples.back().time != time) samples.push_back({time, 0});
    samples.back().value = counts_[cpu.index()];
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

}  // namespace simsched

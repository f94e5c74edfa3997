#include "calibrate/trace_costs.h"

#include <array>
#include <map>
#include <optional>

namespace simsched {
namespace {

// In the order of the machine file.
enum Kind : uint8_t { kTask, kHardirq, kSoftirq, kIpi, kIdleLocal, kIdlePoll, kIdleHalt, kNrKinds };
constexpr const char* kKeys[kNrKinds] = {"resched_task_ns",  "resched_hardirq_ns", "resched_softirq_ns",
                                         "resched_ipi_ns",   "idle_wake_local_ns", "idle_poll_exit_ns",
                                         "idle_halt_exit_ns"};

// A woken task that does not preempt waits for the tick or for a block: what took longer than this was not at once.
// Waking an idle CPU takes as long as it takes.
constexpr Nanos kAtOnce{200000};

struct Wake {
  Nanos time;
  CpuId cpu;
  uint8_t context = 0;
};

struct CpuView {
  Nanos switched;  // since then `current` runs
  Pid current;
  bool known = false;
};

class Samples {
 public:
  Samples(size_t nr_cpus, const Costs& costs) : cpus_(nr_cpus), poll_window_(costs.idle_poll_window) {}

  void event(const TraceEvent& event) {
    if (event.kind == TraceKind::kLost) cpus_[event.cpu.index()].known = false;
    if (event.kind == TraceKind::kWaking) wakes_[event.pid] = Wake{event.time, event.cpu, event.context};
    if (event.kind != TraceKind::kSwitch) return;
    CpuView& cpu = cpus_[event.cpu.index()];
    auto wake = wakes_.find(event.pid);
    if (wake != wakes_.end()) {
      // What ran when the task was woken is what gives way to it.
      if (!event.inferred && cpu.known && cpu.switched <= wake->second.time) sample(event, wake->second, cpu);
      wakes_.erase(wake);
    }
    cpu = {event.time, event.pid, !event.inferred};
  }

  std::vector<MeasuredCost> take() {
    std::vector<MeasuredCost> costs;
    for (size_t kind = 0; kind < kNrKinds; ++kind)
      if (const size_t count = samples_[kind].size(); count >= kFewestSamples)
        costs.push_back({kKeys[kind], quantiles_of(samples_[kind]), count});
    return costs;
  }

 private:
  void sample(const TraceEvent& event, const Wake& wake, const CpuView& cpu) {
    const Nanos took = event.time - wake.time;
    const bool here = wake.cpu == event.cpu;
    if (event.current == Pid(0)) {
      const Kind kind = here ? kIdleLocal : wake.time - cpu.switched < poll_window_ ? kIdlePoll : kIdleHalt;
      samples_[kind].push_back(took);
      return;
    }
    const bool preempted = event.state == kStateRunning || (event.state & kStatePreempted);
    if (!preempted || took > kAtOnce) return;
    const Kind kind = !here ? kIpi : wake.context & kHardIrq ? kHardirq : wake.context & kSoftIrq ? kSoftirq : kTask;
    samples_[kind].push_back(took);
  }

  std::vector<CpuView> cpus_;
  std::map<Pid, Wake> wakes_;  // those not yet switched to
  std::array<std::vector<Nanos>, kNrKinds> samples_;
  const Nanos poll_window_;
};

}  // namespace

std::vector<MeasuredCost> costs_of_trace(const SchedTrace& trace, const Costs& costs) {
  Samples samples(trace.nr_cpus, costs);
  for (const TraceEvent& event : trace.events) samples.event(event);
  return samples.take();
}

}  // namespace simsched

#include "replay/pace.h"

#include <algorithm>

#include "base/int128.h"

namespace simsched::replay {

Pace::Pace(const SchedTrace& trace, const Machine& machine)
    : trace_(trace),
      machine_(machine),
      smt_share_(machine.smt_share()),
      cpus_(std::max(trace.nr_cpus, machine.nr_cpus())),
      top_khz_(cpus_.size()) {
  // Where the machine tells none: the recording's head, or the highest that was seen of the CPU.
  for (const PowerEvent& event : trace.power)
    if (event.kind == PowerEvent::Kind::kFrequency && event.cpu.index() < top_khz_.size())
      top_khz_[event.cpu.index()] = std::max<int64_t>(top_khz_[event.cpu.index()], event.value);
  for (size_t cpu = 0; cpu < top_khz_.size(); ++cpu) {
    if (cpu < trace.machine.size() && trace.machine[cpu].top_khz != 0) top_khz_[cpu] = trace.machine[cpu].top_khz;
  }
}

void Pace::settle(Cpu& cpu, Nanos now) const {
  const Int128 time = (now - cpu.since).count();
  cpu.clock += Nanos(static_cast<int64_t>(time * share(cpu) >> kShift));
  cpu.since = now;
}

Nanos Pace::clock(CpuId cpu, Nanos now) const {
  Cpu at = cpus_[cpu.index()];
  settle(at, now);
  return at.clock;
}

int64_t Pace::frequency_share(CpuId cpu, int64_t khz) const {
  if (cpu.index() < machine_.nr_cpus() && !machine_.core_type(cpu).opps.empty()) {
    // As sim/cpufreq.cc: by the capacity of the operating point, the first that is not slower.
    const auto& opps = machine_.core_type(cpu).opps;
    const auto at =
        std::ranges::find_if(opps, [&](const OperatingPoint& opp) { return opp.mhz * int64_t{1000} >= khz; });
    return at == opps.end() ? kFull : at->capacity * kFull / opps.back().capacity;
  }
  return std::min(kFull, khz * kFull / top_khz_[cpu.index()]);
}

void Pace::advance(Nanos now) {
  for (; next_ < trace_.power.size() && trace_.power[next_].time <= now; ++next_) {
    const PowerEvent& event = trace_.power[next_];
    if (event.kind != PowerEvent::Kind::kFrequency || event.cpu.index() >= cpus_.size() || event.value == 0) continue;
    Cpu& cpu = cpus_[event.cpu.index()];
    settle(cpu, event.time);
    cpu.frequency = std::max<int64_t>(1, frequency_share(event.cpu, event.value));
  }
}

void Pace::set_busy(CpuId id, bool busy, Nanos now) {
  if (id.index() >= machine_.nr_cpus() || cpus_[id.index()].busy == busy) return;
  cpus_[id.index()].busy = busy;
  for (CpuId sibling : machine_.smt_cpus(id)) {
    if (sibling == id) continue;
    Cpu& cpu = cpus_[sibling.index()];
    settle(cpu, now);
    cpu.beside_busy = false;
    for (CpuId other : machine_.smt_cpus(sibling)) cpu.beside_busy |= other != sibling && cpus_[other.index()].busy;
  }
}

}  // namespace simsched::replay

// What is taken off the recorded run times, because the simulation adds it again.
#include "traces/build_workload_parts.h"

namespace simsched::replay {
namespace {

Nanos refill_of_move(const Costs& costs, Distance distance) {
  switch (distance) {
    case Distance::kSameCpu: return Nanos(0);
    case Distance::kSmt: return costs.refill_core;
    case Distance::kLlc: return costs.refill_llc;
    case Distance::kNode: return costs.refill_node;
    case Distance::kRemote: return costs.refill_remote;
  }
  return Nanos(0);
}

}  // namespace

Work work_of_stretch(const Machine& machine, Nanos elapsed, Work refill) {
  Work progress(std::max(Nanos(0), elapsed - machine.costs().context_switch).count());
  return progress - CacheWarmth::refilling(refill, progress);
}

Work refill_of_stretch(const Machine& machine, CacheWarmth& warmth, Work left, CpuId last_cpu, CpuId cpu, Nanos busy) {
  if (cpu.index() >= machine.nr_cpus()) return left;
  if (!last_cpu.valid() || last_cpu.index() >= machine.nr_cpus()) last_cpu = cpu;
  if (last_cpu != cpu) left = Work(refill_of_move(machine.costs(), machine.distance(last_cpu, cpu)).count());
  return left + warmth.come(machine, last_cpu, cpu, busy);
}

}  // namespace simsched::replay

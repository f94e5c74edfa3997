// What is taken off the recorded run times, because the simulation adds it again.
#include "traces/build_workload_parts.h"

namespace simsched::replay {

Nanos stretch_cost(const Machine& machine, CpuId last_cpu, CpuId cpu) {
  const Costs& costs = machine.costs();
  Nanos cost = costs.context_switch;
  bool moved = last_cpu.valid() && last_cpu != cpu;
  if (!moved || last_cpu.index() >= machine.nr_cpus() || cpu.index() >= machine.nr_cpus()) return cost;
  switch (machine.distance(last_cpu, cpu)) {
    case Distance::kSameCpu:
      return cost;
    case Distance::kSmt:
      return cost + costs.refill_core;
    case Distance::kLlc:
      return cost + costs.refill_llc;
    case Distance::kNode:
      return cost + costs.refill_node;
    case Distance::kRemote:
      return cost + costs.refill_remote;
  }
  return cost;
}

}  // namespace simsched::replay

// What is taken off the recorded run times, because the simulation adds it again.
#include "replay/parts.h"

namespace simsched::replay {
Work work_of_stretch(const Machine& machine, Nanos elapsed, Work refill) {
  Work progress(std::max(Nanos(0), elapsed - machine.costs().context_switch).count());
  return progress - CacheWarmth::refilling(refill, progress);
}

Work refill_of_stretch(const Machine& machine, CacheWarmth& warmth, Work left, CpuId last_cpu, CpuId cpu, Nanos busy) {
  if (cpu.index() >= machine.nr_cpus()) return left;
  if (!last_cpu.valid() || last_cpu.index() >= machine.nr_cpus()) last_cpu = cpu;
  if (last_cpu != cpu) left = refill_of_move(machine, last_cpu, cpu);
  return left + warmth.come(machine, last_cpu, cpu, busy);
}

}  // namespace simsched::replay

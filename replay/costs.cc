// What is taken off the recorded run times, because the simulation adds it again.
#include "base/int128.h"
#include "replay/parts.h"

namespace simsched::replay {
Work work_of_stretch(const Machine& machine, CpuId cpu, Nanos elapsed, Nanos paced, Work refill) {
  const int64_t speed = cpu.valid() && cpu.index() < machine.nr_cpus() ? machine.cpu(cpu).capacity : kCapacityScale;
  const int64_t ran = std::max(Nanos(0), elapsed - machine.costs().context_switch).count();
  const Int128 scale = Int128{kCapacityScale} * std::max<int64_t>(1, elapsed.count());
  const Work progress(static_cast<int64_t>(Int128{ran} * speed * paced.count() / scale));
  return progress - CacheWarmth::refilling(refill, progress);
}

Work refill_of_stretch(const Machine& machine, CacheWarmth& warmth, Work left, CpuId last_cpu, CpuId cpu, Nanos busy) {
  if (cpu.index() >= machine.nr_cpus()) return left;
  if (!last_cpu.valid() || last_cpu.index() >= machine.nr_cpus()) last_cpu = cpu;
  if (last_cpu != cpu) left = refill_of_move(machine, last_cpu, cpu);
  return left + warmth.come(machine, last_cpu, cpu, busy);
}

}  // namespace simsched::replay

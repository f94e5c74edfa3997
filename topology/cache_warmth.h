// How warm a task's data is in the private caches of a core, and what it costs to fill them again.
//
// A task that has run for `private_fill` fills the private caches; what others run there in between
// evicts its data in the same measure. Coming back it refills what was lost: up to `refill_private` of
// extra work, done at half of its progress until it is made up for. Moving to another core loses all.
// The engine adds that work, and replay takes it off what was recorded, by the same rules.
#pragma once

#include <algorithm>

#include "base/ids.h"
#include "base/units.h"
#include "topology/machine.h"

namespace simsched {

// Extra work after a move between two CPUs, beside the private caches: by the nearest level that they share.
inline Work refill_of_move(const Machine& machine, CpuId from, CpuId to) {
  const Costs& costs = machine.costs();
  Nanos refill;
  switch (machine.distance(from, to)) {
    case Distance::kSameCpu: break;
    case Distance::kSmt: refill = costs.refill_core; break;
    case Distance::kLlc: refill = costs.refill_llc; break;
    case Distance::kNode: refill = costs.refill_node; break;
    case Distance::kRemote: refill = costs.refill_remote; break;
  }
  return Work(refill.count());
}

struct CacheWarmth {
  Nanos warm;       // 0..private_fill
  Nanos left_busy;  // how long its CPU had been busy when the task left it

  // The task comes to `cpu`, having run last on `last` (none: never). `busy`: how long `cpu` has been busy so far.
  // Returns the extra work.
  Work come(const Machine& machine, CpuId last, CpuId cpu, Nanos busy) {
    const Costs& costs = machine.costs();
    if (warm == Nanos(0) || costs.private_fill == Nanos(0)) return Work(0);
    bool moved = last.valid() && last != cpu && machine.cpu(last).core != machine.cpu(cpu).core;
    Nanos evicted = moved ? costs.private_fill : last == cpu ? std::min(busy - left_busy, costs.private_fill) : Nanos(0);
    // Divisions are slow, and seldom needed: what was full loses just what was evicted.
    Nanos lost = warm == costs.private_fill      ? evicted
                 : evicted == costs.private_fill ? warm
                                                 : warm * evicted.count() / costs.private_fill.count();
    warm -= lost;
    if (costs.refill_private == Nanos(0)) return Work(0);
    return Work(costs.refill_private.count() * lost.count() / costs.private_fill.count());
  }

  // It leaves its CPU after `stretch`.
  void leave(const Machine& machine, Nanos stretch, Nanos busy) {
    warm = std::min(warm + stretch, machine.costs().private_fill);
    left_busy = busy;
  }

  // A new program image.
  void forget() { warm = Nanos(0); }

  // Of `progress`, how much goes into the refill that is still to do.
  static Work refilling(Work refill, Work progress) { return std::min(refill, progress / 2); }
};

}  // namespace simsched

// Who wants to know what is decided about moving tasks: where a woken or new one goes, whether balancing takes one
// along. For datasets of decisions; nothing of the simulation depends on it.
#pragma once

#include "base/ids.h"
#include "base/units.h"
#include "sim/task.h"

namespace simsched {

class Kernel;

enum class MoveSite : uint8_t { kWake, kFork, kSteal, kBalance };

struct MoveDecision {
  TaskId id;
  const Task& task;  // as it is before it moves
  CpuId src, dst;    // the same: it was placed where it was
  MoveSite site;
  bool moves;
  Nanos slept;  // kWake: how long
  Nanos lag;    // of virtual time that it is behind its queue, where the class knows; 0: it is not
};

class MoveObserver {
 public:
  virtual ~MoveObserver() = default;
  virtual void decided(const Kernel& kernel, const MoveDecision& decision) = 0;
};

}  // namespace simsched

// The accounting identity: where every nanosecond of a task's life went, exactly.
//
//   lifetime = work + slowdown_capacity + slowdown_smt + refill + overhead + wait + blocked_*
//
// and of a CPU: time = task + overhead + idle. Checked at the end of every simulation.
#pragma once

#include <cstdint>

#include "base/units.h"
#include "sim/results.h"

namespace simsched {

enum class Blocked : uint8_t { kSleep, kIo, kToken, kChild, kIdle };  // kIdle: an idle kernel thread (state I)
constexpr int kNrBlocked = 5;

struct TaskTime {
  Nanos work;               // reference work, as on the fastest core alone
  Nanos slowdown_capacity;  // the core is slower than that
  Nanos slowdown_smt;       // a sibling was busy
  Nanos refill;             // extra work to fill caches again
  Nanos overhead;           // context switches
  Nanos wait;               // runnable, not running
  Nanos blocked[kNrBlocked];

  Nanos on_cpu() const { return work + slowdown_capacity + slowdown_smt + refill + overhead; }
  Nanos total() const;
  TaskTime& operator+=(const TaskTime& other);
  NamedNanos named() const;
};

struct CpuTime {
  Nanos task, overhead, idle;
  Nanos busy() const { return task + overhead; }
  Nanos total() const { return busy() + idle; }
};

}  // namespace simsched

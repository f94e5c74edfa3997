// The engine's state of one task and one CPU: plain data, one entry an index.
#pragma once

#include <cstdint>

#include "base/ids.h"
#include "base/units.h"
#include "sim/accounting.h"
#include "sim/idle_poll.h"
#include "topology/cache_warmth.h"
#include "workloads/workload.h"

namespace simsched {

enum class TaskState : uint8_t { kNew, kRunnable, kRunning, kBlocked, kDead };

struct Task {
  // What it is doing.
  Work remaining;             // of the compute op in progress
  Work refill;                // cache refill to do along with it
  uint32_t pc = 0;            // the next op, relative to its program
  uint32_t fraction = 0;      // progress not yet worth a whole unit of work, of 2^20
  uint32_t loops[kLoopSlots] = {};
  uint32_t timer_generation = 0;
  uint32_t child_exits = 0;   // exits not yet waited for
  TaskId next_waiter;         // in its token's queue

  CacheWarmth warmth;
  CpuId ran_on;               // the CPU it ran on last; none: it never ran

  // Where and how it is scheduled.
  CpuId cpu;
  AffinityId affinity{0};
  TaskState state = TaskState::kNew;
  Blocked blocked_by = Blocked::kSleep;
  SchedPolicy policy = SchedPolicy::kNormal;
  uint8_t sched_class = 0;    // index into the class stack
  int8_t nice = 0;
  bool on_rq = false;         // queued at its class; may outlast blocking (delayed dequeue)
  bool waking = false;        // woken and not yet switched in
  bool exiting = false;
  bool waits_for_child = false;
  bool in_kernel = false;       // after a kSignal with kOpKernel, until it blocks
  bool wake_elsewhere = false;  // its sleep has kOpElsewhere
  bool wake_softirq = false;    // its sleep has kOpSoftIrq
  uint16_t prev_state = 0;    // TraceState to record at its next switch-out

  // Since when the present state lasts; when it was woken; when it started.
  Nanos since, woken, born, died;
  TaskTime time;
};

struct Rq {
  TaskId curr;                // none: idle
  Nanos settled;              // progress of `curr`, or idle time, is accounted up to here
  Nanos overhead_left;        // context-switch time before `curr` makes progress
  Nanos idle_since;
  Nanos busy_since;           // `curr` was switched in
  IdlePoll idle_poll;
  Nanos tick_at = Nanos::max();
  uint32_t done_generation = 0, resched_generation = 0, tick_generation = 0;
  uint32_t nr_running = 0;    // tasks with on_rq here
  uint64_t switches = 0;
  Nanos charge;               // time that the scheduler took here and nobody has paid for yet
  bool held = false;          // spins in the kernel
  uint32_t speed = 0;         // reference work per time, of 2^20
  bool need_resched = false;
  CpuTime time;
};

}  // namespace simsched

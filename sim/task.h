// The engine's state of one task and one CPU: plain data, one entry an index.
#pragma once

#include <cstdint>

#include "base/ids.h"
#include "base/units.h"
#include "sim/accounting.h"
#include "sim/idle.h"
#include "sim/speed.h"
#include "topology/cache_warmth.h"
#include "workloads/workload.h"

namespace simsched {

enum class TaskState : uint8_t { kNew, kRunnable, kRunning, kBlocked, kDead };

constexpr Nanos kNoFrame{-1};

struct Task {
  // What every turn on a CPU needs comes first.
  Work remaining;  // of the compute op in progress
  Work refill;     // cache refill to do along with it
  Nanos since;     // the present state lasts since then
  Nanos throttled_for;  // of its present wait for a CPU; while it is throttled: minus the time when that began
  CacheWarmth warmth;
  uint32_t pc = 0;  // the next op, relative to its program
  CpuId cpu;
  CpuId ran_on;  // the CPU it ran on last; none: it never ran
  AffinityId affinity{0};  // of what it asked for, what it may have: see Kernel::affinity_for()
  AffinityId wanted_affinity{0};
  GroupId group{0};
  uint16_t prev_state = 0;  // TraceState to record at its next switch-out
  TaskState state = TaskState::kNew;
  Cause blocked_by = Cause::kBlockedSleep;
  SchedPolicy policy = SchedPolicy::kNormal;
  uint8_t sched_class = 0;  // index into the class stack
  int8_t nice = 0;
  uint8_t rt_priority = 0;
  uint16_t reservation = 0;  // of Workload::reservations, from 1
  bool on_rq : 1 = false;   // queued at its class; may outlast blocking (delayed dequeue)
  bool throttled : 1 = false;  // its group has used up its quota: queued, but does not count as that
  bool waking : 1 = false;  // woken and not yet switched in
  bool exiting : 1 = false;
  bool waits_for_child : 1 = false;
  bool in_kernel : 1 = false;       // after a kSignal or kSend with kOpKernel, until it blocks or kUser
  bool receiving : 1 = false;       // blocked in the kReceive or kSelect at pc
  bool killed : 1 = false;          // by kKill; goes to its kKilled
  bool ended : 1 = false;           // by kKill with kOpEnds
  bool wake_elsewhere : 1 = false;  // its sleep has kOpElsewhere
  bool wake_softirq : 1 = false;    // its sleep has kOpSoftIrq
  bool bh_off : 1 = false;          // polls packets: its CPU cannot be taken away
  TaskTime time;

  Fractions fractions{};  // progress not yet worth a whole unit of work
  uint32_t loops[kLoopSlots] = {};
  uint32_t child_exits = 0;  // exits not yet waited for
  TaskId next_waiter;        // in its token's queue
  Nanos born;
  Nanos longest_wait;  // for a CPU, at a stretch
  Nanos last_frame = kNoFrame;
};

// What balancing looks at, of many CPUs at a time: apart from the rest of their Rq.
struct Occupancy {
  TaskId curr;              // none: idle
  uint32_t nr_running = 0;  // tasks with on_rq here
};

struct Rq {
  bool need_resched = false;
  bool held = false;          // spins in the kernel
  bool irq = false;           // handles interrupts: what runs here stands still
  bool softirq_pending = false;  // ksoftirqd was woken to go on with soft interrupts
  bool has_siblings = false;  // its core has other hardware threads
  Nanos settled;              // progress of `curr`, or idle time, is accounted up to here
  Nanos overhead_left;        // context-switch time before `curr` makes progress
  Nanos charge;               // time that the scheduler took here and nobody has paid for yet
  Nanos busy_since;           // `curr` was switched in
  CpuIdle idle;
  CpuTime time;
  uint64_t switches = 0;

  Speed speed;
  uint32_t frequency = kFullFactor;  // of its top frequency, of 1024
  uint32_t memory = kFullFactor;     // how far memory lets the running task get on, of 1024
};

}  // namespace simsched

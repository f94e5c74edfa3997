// The data of the fair class: scheduling entities and the run queues that they compete on, as in the
// kernel's struct sched_entity, sched_avg and cfs_rq (include/linux/sched.h, kernel/sched/sched.h).
//
// A task has one entity. A task group has, on each CPU, a run queue for its tasks and an entity that
// stands for that run queue on the root queue of the CPU. All of them live in one block of memory
// (state.h), into which the pointers below point. Members that are used together share a cache line.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/ids.h"
#include "base/int128.h"
#include "policies/fair/near.h"

namespace simsched::fair {

// Weights are in the kernel's resolution: nice 0 is 1024 << 10.
constexpr int kLoadShift = 10;
constexpr int64_t kNice0Load = int64_t{1024} << kLoadShift;
constexpr int64_t scale_down(int64_t weight) {
  return weight == 0 ? 0 : std::max<int64_t>(2, weight >> kLoadShift);
}

// Weight (unscaled) of a nice value: each step is worth about 10 % of a CPU between two hogs, a factor of
// 1.25 (sched_prio_to_weight of kernel/sched/core.c). SCHED_IDLE has 3.
int64_t nice_weight(int nice);
constexpr int64_t kIdleWeight = 3;
// Weights of a group with cpu.idle (WEIGHT_IDLEPRIO).
constexpr int64_t kIdleShares = kIdleWeight << kLoadShift;
// Of a task group, from its cpu.weight (sched_weight_from_cgroup()).
constexpr int64_t weight_of_group(int64_t cpu_weight) {
  return std::max<int64_t>(2, (cpu_weight * 1024 + 50) / 100) << kLoadShift;
}

// Per-entity load tracking: geometric averages of the last periods of 1024 us, y^32 = 1/2. See pelt.h.
struct LoadAvg {
  int64_t last_update_time = 0;  // ns of the PELT clock, multiple of 1024; 0: not attached to a run queue
  uint64_t load_sum = 0;         // of an entity: without its weight; of a run queue: with the weights
  uint64_t runnable_sum = 0;
  uint64_t util_sum = 0;
  uint64_t load_avg = 0;
  uint32_t runnable_avg = 0;     // 1024 a task
  uint32_t util_avg = 0;
};

struct CfsRq;

struct alignas(64) Entity {
  // The tree of its run queue (tree.h), in the order of deadlines.
  Near<Entity> left, right, up;
  uint32_t heap = 0;         // treap priority, a hash of its number
  int64_t deadline = 0;      // virtual deadline; relative to vruntime while `rel_deadline`. CFS: vruntime, when it waits
  int64_t vruntime = 0;      // virtual ns: CPU time / (weight / kNice0Load)
  int64_t min_vruntime = 0;  // least vruntime of its subtree
  uint32_t slice = 0;        // request size in ns
  uint32_t min_slice = 0;    // least slice of its subtree
  int32_t weight = 0;        // << kLoadShift
  Near<CfsRq> cfs_rq;        // where it competes
  bool on_rq = false;
  bool delayed = false;       // sleeps, but stays queued until it is eligible (DELAY_DEQUEUE)
  bool custom_slice = false;  // `slice` was set, not the default
  bool rel_deadline = false;
  bool rel_vruntime = false;  // CFS: vruntime is relative to the queue's min_vruntime (between two CPUs)
  bool idle = false;          // SCHED_IDLE

  int64_t vlag = 0;              // V - vruntime when it left; before 6.17, of the running entity, its protected deadline
  int64_t vprot = 0;             // the running entity is protected from preemption up to this vruntime
  int64_t exec_start = 0;        // ns; since when its run time is not yet accounted; 0: never ran here
  int64_t ran = 0;               // ns, since it was last picked
  uint32_t inverse_weight = 0;   // 2^32 / scale_down(weight); 0: not yet known
  int32_t id = -1;               // of a task entity: TaskId; else -1
  Near<CfsRq> my_q;              // of a group entity: the run queue it stands for
  Near<Entity> parent;           // the group entity above; null on the root queue
  TaskId newer, older;           // of a task, in its CPU's list of queued tasks
  uint32_t util_est = 0;         // of a task: utilisation when it last went to sleep, smoothed
  uint32_t util_queued = 0;      // what it adds to its run queue's util_est

  LoadAvg avg;
  uint32_t runnable_weight = 0;  // of a group entity: my_q's h_nr_runnable when last looked at
  CpuId recent_cpu;              // of a task: the one before its last, a candidate for cache warmth

  bool is_task() const { return !my_q; }
  TaskId task() const { return TaskId(id); }
};
static_assert(sizeof(Entity) == 3 * 64);

// struct cfs_rq.
struct alignas(64) CfsRq {
  // What other CPUs look at.
  LoadAvg avg;
  uint32_t util_est = 0;       // sum of the estimates of its queued tasks; root queues only
  uint32_t h_nr_runnable = 0;  // tasks in the hierarchy below that are not delayed
  uint32_t h_nr_queued = 0;    // ... with the delayed ones
  uint32_t h_nr_idle = 0;      // ... that are SCHED_IDLE

  Int128 sum_w_vruntime = 0;  // over the tree: scale_down(weight) * (vruntime - min_vruntime)
  int64_t sum_weight = 0;     // over the tree: scale_down(weight)
  int64_t min_vruntime = 0;   // never goes back
  int64_t load = 0;           // sum of weights of all queued, with the running one
  Near<Entity> root;          // of the tree of those waiting; the running one is not in it
  Near<Entity> curr;
  Near<Entity> next;          // buddy
  uint32_t nr_queued = 0;     // entities, with the running one and the delayed ones
  Near<Entity> group_entity;  // that stands for it; null: root queue
  CpuId cpu;

  Near<Entity> last, skip;    // buddies of CFS
  GroupId group{0};
  bool propagate = false;     // the group entity has to follow a change of load
  bool on_leaf_list = false;  // its average may not be zero
  bool limited = false;       // it has a quota (runtime_enabled)
  bool removed = false;       // some of `avg` is of tasks that died: removed at the next update
  int64_t prop_runnable_sum = 0;
  int64_t tg_contrib = 0;              // what it added to the group's load_avg
  int64_t tg_updated = INT64_MIN / 2;  // ns
  uint64_t removed_load = 0;
  uint32_t removed_runnable = 0, removed_util = 0;
  uint32_t throttle_count = 0;  // of the groups from its own up, those that are throttled here

  bool is_root() const { return !group_entity; }
};
static_assert(sizeof(CfsRq) == 3 * 64);

}  // namespace simsched::fair

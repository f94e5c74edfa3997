// All that changes of the fair class while a simulation runs, in flat arrays: copied as a whole (FairClass::assign()).
// What does not change, topology and parameters, stands beside it.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/cpu_set.h"
#include "base/error.h"
#include "base/ids.h"
#include "policies/fair/entity.h"
#include "policies/fair/numa.h"
#include "topology/core_type.h"

namespace simsched::fair {

// The run queues and entities in one block of memory, so that its copy needs no look at the pointers in it (near.h).
class Block {
 public:
  Block() = default;
  Block(size_t nr_queues, size_t nr_entities)
      : lines_((nr_queues * sizeof(CfsRq) + nr_entities * sizeof(Entity)) / sizeof(Line)),
        nr_queues_(nr_queues),
        nr_entities_(nr_entities) {
    SIMSCHED_CHECK(lines_.size() * sizeof(Line) < Near<Entity>::kReach, "more tasks and groups than pointers reach");
    std::uninitialized_value_construct_n(&queue(0), nr_queues);
    std::uninitialized_value_construct_n(&entity(0), nr_entities);
  }

  size_t nr_queues() const { return nr_queues_; }
  size_t nr_entities() const { return nr_entities_; }
  CfsRq& queue(size_t i) { return reinterpret_cast<CfsRq*>(lines_.data())[i]; }
  Entity& entity(size_t i) { return reinterpret_cast<Entity*>(&queue(nr_queues_))[i]; }
  const CfsRq& queue(size_t i) const { return const_cast<Block*>(this)->queue(i); }
  const Entity& entity(size_t i) const { return const_cast<Block*>(this)->entity(i); }

 private:
  struct alignas(64) Line {
    std::byte bytes[64];
  };
  std::vector<Line> lines_;
  size_t nr_queues_ = 0, nr_entities_ = 0;
};

// Whom a task, a stopper or the idle task of a CPU wakes.
struct Waker {
  TaskId last_wakee;
  uint32_t flips = 0;         // how often it wakes another task than the last time, decaying
  int64_t flips_decayed = 0;  // ns
};

// Of a CPU, beside its root CfsRq.
struct CpuState {
  TaskId newest, oldest;     // queued tasks; those that ran last are the newest
  TaskId picked;             // the answer of pick_task() that has not been set yet
  uint32_t nr_leaves = 0;    // run queues whose average may not be zero, root not included
  int64_t next_balance = 0;  // ns
  int64_t idle_stamp = 0;    // since when it has been idle; -1: not
  int64_t avg_idle = 0, max_idle_cost = 0;
  bool active_balance = false;
};

// The clock of load tracking on a CPU that is, or once was, slower than the fastest: `pelt` at `time`. ns
struct SlowClock {
  int64_t time = 0, pelt = 0;
  bool slow = false;
};

// How much of a CPU the real-time class has had of late (avg_rt), while there are tasks of it.
struct RealTime {
  LoadAvg avg;
  bool running = false;
};

// How much interrupts have had (avg_irq), and their time up to the last look.
struct IrqTime {
  LoadAvg avg;
  int64_t seen = 0;
};

// Of a last-level cache (sched_domain_shared).
struct CacheState {
  int64_t nr_idle_scan = 0;    // how many CPUs to look at for an idle one
  bool has_idle_core = false;  // a hint
};

// Of a scheduling domain. Times are in ns unless said otherwise.
struct DomainState {
  int64_t balance_interval = 0;  // ms, of an idle CPU
  int64_t last_balance = 0;
  int64_t max_newidle_cost = 0, cost_decayed = 0;
  uint32_t nr_balance_failed = 0;
  uint32_t newidle_call = 512, newidle_success = 256, newidle_ratio = 512;  // of 1024
};

struct TaskGroup {
  int64_t shares = kNice0Load;
  int64_t load_avg = 0;
  bool idle = false;
};

// How much CPU time a group may use (struct cfs_bandwidth). ns
struct Bandwidth {
  int64_t quota = INT64_MAX, period = 0, burst = 0;
  int64_t runtime = 0, snap = 0;  // in the pool; when it was last filled
  int64_t expires = 0;            // of the period timer
  bool idle = false;              // nothing was taken from the pool in this period
  bool period_active = false, slack_started = false;
  CpuId first, last;  // throttled queues, in the order of that; by QueueBandwidth::next
  int64_t nr_periods = 0, nr_throttled = 0, throttled_time = 0, nr_burst = 0, burst_time = 0;
};

// ... and of that, what its queue on a CPU has drawn.
struct QueueBandwidth {
  int64_t remaining = 0;  // below 0: a debt
  bool throttled = false;
  int64_t throttled_since = 0;
  CpuId next;
  int64_t stopped_at = 0, stopped_for = 0;  // its clock of load tracking, while it or a group above is throttled
};

// When big.LITTLE MP last moved a task, ns: hmp_last_up_migration, hmp_last_down_migration.
struct HmpTask {
  int64_t up = INT64_MIN / 2, down = INT64_MIN / 2;
};

// What Thread Director has told of a task.
struct IpcClass {
  WorkClass kind = WorkClass::kScalar;  // until it is known
  uint8_t ticks = 0;                    // that have said so
};

// sched_ext takes tasks from this class: none, those that ask for it (SCHED_EXT), or all.
enum class Cede : uint8_t { kNone, kExt, kAll };

struct State {
  Block block_;                // queues: root by CPU, then the groups' by group and CPU;
                               // entities: tasks, then the groups' by group and CPU
  std::vector<Waker> wakers_;  // tasks, then the stopper and the idle task of each CPU
  std::vector<CpuState> cpus_;
  std::vector<SlowClock> clocks_;  // by CPU
  std::vector<RealTime> rt_;       // by CPU; empty: there are no real-time tasks
  std::vector<IrqTime> irq_;       // by CPU; empty: none takes time
  std::vector<TaskGroup> groups_;
  std::vector<Bandwidth> bandwidth_;              // by group; empty: none ever has a quota
  std::vector<QueueBandwidth> queue_bandwidth_;  // as the queues of block_; empty with that
  std::vector<uint32_t> leaves_;            // queues of the first CPU's groups, the second's, ...
  std::vector<DomainState> domain_states_;  // by Domain::number
  std::vector<uint8_t> imbalanced_;         // by Group::number: below it, affinity kept load from being balanced
  std::vector<CacheState> caches_;          // by LLC
  std::vector<uint32_t> core_seen_;         // by core: the search that saw it last
  uint32_t search_ = 0;
  int64_t idle_policy_queued_ = 0;  // SCHED_IDLE tasks, on all CPUs
  Cede cede_ = Cede::kNone;
  bool overutilized_ = false;  // some CPU has more to do than fits: energy counts nothing then
  bool overloaded_ = false;    // some CPU may have tasks waiting
  // Balancing for idle CPUs.
  CpuSet nohz_idle_;  // may hold CPUs that are busy again
  int64_t nr_nohz_idle_ = 0, nohz_next_balance_ = 0;
  bool nohz_kicked_ = false;
  NumaState numa_;
  std::vector<HmpTask> hmp_;           // by task; empty: not hmp
  std::vector<IpcClass> ipc_classes_;  // by task; empty: not itd
  struct Counts {
    int64_t balances = 0, newidle_balances = 0, newidle_skips = 0, pulled = 0, active_balances = 0, kicks = 0;
    int64_t energy_wakeups = 0, hmp_up = 0, hmp_down = 0;
  } count_;
};

}  // namespace simsched::fair

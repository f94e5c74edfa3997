// What Con Kolivas's schedulers BFS and MuQSS have in common: every task has a virtual deadline, and the earliest one
// runs. A deadline is the time at which the task got its time slice, plus so much for its nice level; it is renewed
// when the slice has been used up, and kept over sleep, so that who sleeps comes before who does not. There is no
// balancing: whoever looks for work takes it from where it waits. Modelled on kernel/sched/bfs.c (0.44x for Linux 3.12
// to 4.8) and kernel/sched/MuQSS.c (0.202, Linux 5.12).
//
// Real-time tasks are of the class above, as under every policy here, so that their order among each other is that of
// the mainline kernel. Left out: SCHED_ISO, the scheduling of slices by high-resolution timers (they end at ticks), and
// the "dither" of slices that end within half a tick.
#pragma once

#include <cstdint>
#include <vector>

#include "base/tunables.h"
#include "policies/deadline/skip_list.h"
#include "sim/kernel.h"
#include "sim/sched_class.h"

namespace simsched::deadline {

// In the order in which a task prefers them, as bits: the CPU with the least sum is best.
enum IdleRank : uint32_t {
  kDiffThread = 1,
  kDiffCore = 2,
  kCacheBusy = 4,
  kDiffPackage = 8,  // another last-level cache of the node
  kThreadBusy = 16,
  kThrottled = 32,
  kDiffNode = 64,
};

class DeadlineClass : public SchedClass {
 public:
  bool has_tasks(CpuId cpu) const { return state_.cpus[cpu.index()].nr > 0; }
  Nanos deadline(TaskId task) const { return entity(task).deadline; }

  bool takes(SchedPolicy policy) const override { return policy != SchedPolicy::kStop; }
  void enqueue_task(CpuId cpu, TaskId task, uint32_t enqueue_flags) override;
  bool dequeue_task(CpuId cpu, TaskId task, uint32_t dequeue_flags) override;
  void wakeup_preempt(CpuId cpu, TaskId task, uint32_t wake_flags) override;
  void put_prev_task(CpuId cpu, TaskId task, TaskId next) override;
  void set_next_task(CpuId cpu, TaskId task) override;
  void task_tick(CpuId cpu, TaskId curr) override;
  Nanos next_tick(CpuId cpu) override;
  bool needs_tick(CpuId, TaskId) override { return true; }  // what waits at another CPU may want this one
  void task_fork(TaskId child, TaskId parent) override;
  void switched_to(TaskId task) override;
  void reweight_task(TaskId task) override;
  uint32_t watches() const override { return kWatchIdle; }
  void cpu_idle(CpuId cpu, bool idle, bool transition) override;
  void assign(const SchedClass& other) override;

 protected:
  explicit DeadlineClass(Nanos rr_interval) : rr_interval_(rr_interval) {}

  struct Entity {
    Nanos deadline;
    Nanos slice;          // what is left of it
    int8_t nice = 0;      // that of the deadline
    bool queued = false;  // in this class and able to run
    bool sticky = false;  // BFS
  };
  struct CpuState {
    Nanos since;         // `slice` of what runs is accounted up to here
    uint32_t nr = 0;     // tasks here, the one that runs among them
    TaskId sticky;       // BFS
    uint32_t tries = 0;  // MuQSS: at finding a task
  };
  struct State {
    std::vector<Entity> entities;  // by task
    std::vector<CpuState> cpus;
    SkipLists waiting;     // whoever is queued and does not run
    uint32_t nr_idle = 0;  // CPUs
  };

  // Which list the tasks of each CPU wait in.
  void attach_lists(Kernel& kernel, std::vector<uint32_t> list_of_cpu);

  Entity& entity(TaskId task) { return state_.entities[task.index()]; }
  const Entity& entity(TaskId task) const { return state_.entities[task.index()]; }
  CpuState& cpu_state(CpuId cpu) { return state_.cpus[cpu.index()]; }
  uint32_t list_of(CpuId cpu) const { return list_of_cpu_[cpu.index()]; }

  // The order in which tasks run: by deadline, SCHED_IDLE after all others.
  int64_t key(TaskId task) const { return entity(task).deadline.count() + level(task); }
  int64_t level(TaskId task) const { return kernel_->policy(task) == SchedPolicy::kIdle ? kIdleLevel : 0; }
  bool runs_here(TaskId curr) const { return curr.valid() && entity(curr).queued; }  // and not in a class above

  // What runs on `cpu` and could go on, its slice renewed if it is used up; none: nothing of this class.
  TaskId going_on(CpuId cpu);
  void give_up_slice(CpuId cpu, TaskId curr);
  // `task`, found in a list, will run on `cpu`.
  TaskId take(CpuId cpu, TaskId task);
  CpuId best_idle(TaskId task, CpuId near) const;  // that nobody has called yet; none: there is none
  void call_idle(TaskId task);                     // an idle CPU that may takes what waits
  // Where a new or waking task goes when no CPU is idle, but for whom it preempts.
  CpuId stay(TaskId task, CpuId prev) const {
    return kernel_->cpu_allowed(task, prev) ? prev : kernel_->fallback_cpu(task);
  }
  bool forked_here(TaskId task, uint32_t wake_flags) const;
  bool preempts(TaskId task, CpuId cpu) const;

  Kernel* kernel_ = nullptr;
  State state_;
  bool taking_ = false;       // only while it handles an event
  bool picks_alone_ = false;  // who goes on is asked at the end of a slice even when nobody waits

 private:
  static constexpr int64_t kIdleLevel = int64_t{1} << 62;
  static constexpr Nanos kUsedUp = 100_us;  // RESCHED_US: with so little left a slice counts as used

  Nanos offset(int nice) const;
  void account(CpuId cpu, TaskId curr);
  void renew(TaskId task);
  void renew_if_used_up(TaskId task);

  const Nanos rr_interval_;
  std::vector<uint32_t> list_of_cpu_;
};

}  // namespace simsched::deadline

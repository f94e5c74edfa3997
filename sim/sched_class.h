// SchedClass: what a scheduling policy implements. The verbs and their order are those of the
// kernel's struct sched_class (kernel/sched/sched.h, 6.18): the Kernel plays kernel/sched/core.c.
//
// A class is asked about one CPU or one task at a time and answers through the Kernel's verbs
// (resched_curr, move_queued_task, ...). It keeps its own run queues, indexed by CpuId, and its own
// per-task state, indexed by TaskId. It must not keep time by itself: Kernel::now() is the only clock.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/units.h"
#include "sim/cpufreq.h"
#include "workloads/workload.h"

namespace simsched {

class Kernel;
class Recorder;

// Why a CPU is being chosen for a task (WF_*).
enum WakeFlag : uint32_t {
  kWfExec = 0x02,
  kWfFork = 0x04,
  kWfTtwu = 0x08,
  kWfSync = 0x10,      // the waker is about to sleep
  kWfOnCpu = 0x40,     // the wakee has not left its CPU yet, and is queued there
  kWfMigrated = 0x20,  // the task changed CPU on this wake-up
};

enum EnqueueFlag : uint32_t {
  kEnqueueWakeup = 0x01,
  kEnqueueRestore = 0x02,  // after a change of parameters, same place in line
  kEnqueueMove = 0x04,
  kEnqueueMigrated = 0x40,  // comes from another CPU
  kEnqueueInitial = 0x80,   // a new task's first
  kEnqueueDelayed = 0x200,  // woken while its dequeue was still delayed
};

enum DequeueFlag : uint32_t {
  kDequeueSleep = 0x01,
  kDequeueSave = 0x02,
  kDequeueMove = 0x04,
  kDequeueSpecial = 0x10,  // exits: never delayed
  kDequeueDelayed = 0x200,
};

// What a class wants to be told of.
enum Watch : uint32_t {
  kWatchTasks = 1,      // any_task_new(), any_task_dead()
  kWatchIdle = 2,       // cpu_idle()
  kWatchSwitches = 4,   // any_switch()
  kWatchScheduled = 8,  // scheduled()
  kWatchOnline = 16,    // cpu_online()
  kWatchAll = 31,
};

class SchedClass {
 public:
  virtual ~SchedClass() = default;

  // Called once, before time zero: size the arrays, read machine and workload.
  virtual void attach(Kernel& kernel) = 0;
  virtual const char* name() const = 0;
  // Whether tasks of this policy belong here; the topmost class that says yes gets them.
  virtual bool takes(SchedPolicy policy) const = 0;

  // Where a waking (kWfTtwu), new (kWfFork) or exec'ing (kWfExec) task should go. `prev` is its CPU so far;
  // Kernel::this_cpu() is the waker's. The answer must be allowed for the task.
  virtual CpuId select_task_rq(TaskId task, CpuId prev, uint32_t wake_flags) = 0;
  // The task is about to change CPU from Kernel::task_cpu() to `to` (it is on no queue).
  virtual void migrate_task_rq(TaskId /*task*/, CpuId /*to*/) {}

  virtual void enqueue_task(CpuId cpu, TaskId task, uint32_t enqueue_flags) = 0;
  // False when the task stays queued although it blocks (delayed dequeue); the class later calls
  // Kernel::finish_delayed_dequeue().
  virtual bool dequeue_task(CpuId cpu, TaskId task, uint32_t dequeue_flags) = 0;
  // `task` was just made runnable on `cpu`: should it preempt what runs there (of this class)?
  virtual void wakeup_preempt(CpuId cpu, TaskId task, uint32_t wake_flags) = 0;

  // The queued or running task that should run next on `cpu`; none: nothing here. May pull work from
  // other CPUs when it has nothing (new-idle balancing).
  virtual TaskId pick_task(CpuId cpu) = 0;
  // The task stops running but stays runnable or was just dequeued (`next`, if any, runs next) / starts running.
  virtual void put_prev_task(CpuId cpu, TaskId task, TaskId next) = 0;
  virtual void set_next_task(CpuId cpu, TaskId task) = 0;

  // One scheduler tick with `curr` running (of this class).
  virtual void task_tick(CpuId cpu, TaskId curr) = 0;
  // Once a tick on a CPU whatever runs there: periodic balancing.
  virtual void tick_balance(CpuId /*cpu*/) {}
  // The earliest time at which a tick on `cpu` could change anything, or Nanos::max(). Asked again after
  // every change on the CPU; ticks before that time are not simulated (they would do nothing).
  virtual Nanos next_tick(CpuId cpu) = 0;
  // Whether a nohz_full CPU keeps its tick although `curr`, of this class, runs there alone (sched_can_stop_tick()).
  // Asked when next_tick() is.
  virtual bool needs_tick(CpuId /*cpu*/, TaskId /*curr*/) { return false; }
  // An interrupt that this class sent to `cpu` with Kernel::send_ipi().
  virtual void ipi(CpuId /*cpu*/) {}
  // Runs in the stopper of `cpu`, asked for with Kernel::queue_stopper().
  virtual void stopper(CpuId /*cpu*/, TaskId /*task*/, CpuId /*dest*/) {}

  virtual void yield_task(CpuId /*cpu*/, TaskId /*task*/) {}
  // The timer `number` that it set with Kernel::set_timer() has run out. On no CPU in particular.
  virtual void timer(uint32_t /*number*/) {}
  virtual void task_fork(TaskId /*child*/, TaskId /*parent*/) {}
  virtual void task_exits(CpuId /*cpu*/, TaskId /*task*/) {}  // running, before its parent hears of it
  virtual void task_dead(TaskId /*task*/) {}                  // after the switch away from it
  // nice, policy within the class, or slice changed; the task is dequeued and put back around it.
  virtual void reweight_task(TaskId /*task*/) {}

  // The task joins / leaves this class while it is on no queue (sched_setscheduler(), or a class that takes others
  // now).
  virtual void switched_to(TaskId /*task*/) {}
  virtual void switched_from(TaskId /*task*/) {}
  virtual void affinity_changed(TaskId /*task*/) {}

  // Groups. Whether a task may go to another one; of all classes, whatever its class.
  virtual bool can_change_group(TaskId /*task*/, GroupId /*to*/) { return true; }
  // It has gone there from `from`, and is on no queue; Kernel::group() is the new one. Told to all classes.
  virtual void group_changed(TaskId /*task*/, GroupId /*from*/) {}
  // Kernel::group_spec() has other values than `before`. Told to all classes.
  virtual void group_reconfigured(GroupId /*group*/, const GroupSpec& /*before*/) {}
  // How a group fared, by the names of its cpu.stat.
  virtual std::vector<std::pair<std::string, int64_t>> group_stat(GroupId /*group*/) const { return {}; }

  // A class is told of what it watches (Watch), of all tasks and CPUs, whatever their class.
  virtual uint32_t watches() const { return 0; }
  virtual void any_task_new(TaskId /*task*/) {}  // before its task_fork()
  virtual void any_task_dead(TaskId /*task*/) {}
  // `cpu` picked the idle task, or leaves it; `transition`: it ran something before / will run something.
  virtual void cpu_idle(CpuId /*cpu*/, bool /*idle*/, bool /*transition*/) {}
  virtual void any_switch(CpuId /*cpu*/, TaskId /*prev*/, TaskId /*next*/) {}
  virtual void scheduled(CpuId /*cpu*/) {}  // at the end of every schedule(), as __balance_callbacks()
  virtual void cpu_online(CpuId /*cpu*/, bool /*online*/) {}

  // Becomes like `other`, a class of the same type that was attached to a kernel with the same inputs: all that changes
  // while a simulation runs is copied (between two events), all that refers to the own kernel stays.
  virtual void assign(const SchedClass& other);

  // The frequency of `cpu` is about to change: last call for what follows it.
  virtual void frequency_changes(CpuId /*cpu*/) {}

  // What it wants of `cpu`, for the governor of its frequency.
  virtual CpuDemand demand(CpuId /*cpu*/) { return {CpuDemand::kUntracked}; }

  // Whether a CPU may idle although tasks of this class are queued on it (for check_invariants).
  virtual bool may_idle_with_work() const { return false; }

  // How the class fared: what the results say of the run when it is not ok.
  struct Status {
    std::string text;  // empty: ok
    int exit_code = 0;
  };
  virtual Status status() const { return {}; }

  // While the simulation is recorded, after every event: figures of its own that are drawn over time.
  virtual void record(Recorder& /*recorder*/) {}

  // Figures of its own for the results, by name.
  virtual std::vector<std::pair<std::string, int64_t>> counters() const { return {}; }
};

}  // namespace simsched

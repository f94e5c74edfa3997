// The deadline class (kernel/sched/deadline.c of Linux 6.12): SCHED_DEADLINE. Each task has a reservation, `runtime` in
// each `period`, that a constant bandwidth server keeps it to: who has used up its budget waits for the next period,
// although its CPU may be idle. Of those who have some, the earliest deadlines run, on any CPUs that they may use.
//
// A budget that ends between two ticks is noticed at the second one, or when the task leaves its CPU, as in a kernel
// without HRTICK_DL; what was used beyond is paid back in the next period.
//
// Not modelled: reclaiming of unused bandwidth (SCHED_FLAG_RECLAIM), signals of overruns, inheritance of deadlines.
// Affinities stand for cpusets: the kernel refuses those that leave out CPUs of the root domain. What a task asks for
// is given back at its end at once, not at its zero-lag time. A task always goes before the deadline servers of lower
// classes (policies/dl_server.h), whatever their deadlines.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/kernel.h"
#include "sim/sched_class.h"

namespace simsched {

class DlClass final : public SchedClass {
 public:
  void attach(Kernel& kernel) override;
  const char* name() const override { return "dl"; }
  bool takes(SchedPolicy policy) const override { return policy == SchedPolicy::kDeadline; }
  CpuId select_task_rq(TaskId task, CpuId prev, uint32_t wake_flags) override;
  void enqueue_task(CpuId cpu, TaskId task, uint32_t flags) override;
  bool dequeue_task(CpuId cpu, TaskId task, uint32_t flags) override;
  void wakeup_preempt(CpuId cpu, TaskId task, uint32_t wake_flags) override;
  TaskId pick_task(CpuId cpu) override;
  void put_prev_task(CpuId cpu, TaskId task, TaskId next) override;
  void set_next_task(CpuId cpu, TaskId task) override;
  void task_tick(CpuId cpu, TaskId curr) override;
  Nanos next_tick(CpuId cpu) override;
  bool needs_tick(CpuId, TaskId) override { return true; }
  void yield_task(CpuId cpu, TaskId task) override;
  void timer(uint32_t number) override;
  void task_fork(TaskId child, TaskId) override { admit(child); }
  void task_dead(TaskId task) override;
  void reweight_task(TaskId task) override;
  void switched_from(TaskId task) override;
  void frequency_changes(CpuId cpu) override;
  CpuDemand demand(CpuId cpu) override;
  void assign(const SchedClass& other) override { s_ = dynamic_cast<const DlClass&>(other).s_; }

 private:
  struct Entity {                // struct sched_dl_entity, by task
    Nanos runtime;               // left of the budget; below 0: owed
    Nanos deadline{-1};          // below 0: it never had one
    Nanos exec_start;            // clock of the CPU's tasks up to which its time is accounted
    Nanos timer = Nanos::max();  // the pending one
    int64_t admitted = 0;        // bandwidth that counts for it
    int64_t active = 0;          // the same, of its CPU, while it is runnable
    bool throttled = false;      // waits for its timer, on no queue
    bool yielded = false;
  };
  struct State {
    std::vector<Entity> entities;
    std::vector<std::vector<TaskId>> queues;  // by CPU: by deadline, what runs among them
    std::vector<int64_t> active;              // by CPU: bandwidth of its runnable tasks (running_bw)
    std::vector<CpuId> overloaded;            // CPUs with more than one queued task, ascending
    int64_t admitted = 0;                     // bandwidth of all tasks (dl_bw.total_bw)
    CpuSet usable;                            // where any of them was allowed to run: their root domain
  };
  enum Timer : uint32_t { kPush, kPull, kReplenish };  // of a CPU, of a CPU, of a task

  Entity& entity(TaskId task) { return s_.entities[task.index()]; }
  const Entity& entity(TaskId task) const { return s_.entities[task.index()]; }
  Nanos deadline(TaskId task) const { return entity(task).deadline; }
  std::vector<TaskId>& queue(CpuId cpu) { return s_.queues[cpu.index()]; }
  const std::vector<TaskId>& queue(CpuId cpu) const { return s_.queues[cpu.index()]; }
  bool is_deadline(TaskId task) const { return !kernel_->is_stopper(task) && takes(kernel_->policy(task)); }
  bool queued(CpuId cpu, TaskId task) const;
  // Of this class, with budget; none: anything else.
  TaskId running(CpuId cpu) const;
  void insert(CpuId cpu, TaskId task);
  void remove(CpuId cpu, TaskId task);
  void set_timer(Timer kind, size_t number, Nanos at);

  // dl_budget.cc
  void begin_period(TaskId task);
  void replenish(TaskId task);
  void wake_up(TaskId task);
  bool next_period_first(TaskId task);
  void charge(CpuId cpu, TaskId task);
  bool account(CpuId cpu, TaskId task);
  void budget_is_back(TaskId task);
  void admit(TaskId task);
  void release(TaskId task);

  bool fits(TaskId task, CpuId cpu) const;
  bool may_move(TaskId task, CpuId from) const;
  CpuId find_later(TaskId task) const;  // none: every CPU runs something as urgent
  void move(TaskId task, CpuId to);
  void pull(CpuId cpu);
  bool push(CpuId cpu);

  Kernel* kernel_ = nullptr;
  State s_;
  bool asymmetric_ = false;  // CPUs of several capacities
  bool moving_ = false;      // only while it handles an event
};

}  // namespace simsched

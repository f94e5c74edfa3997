// The real-time class (kernel/sched/rt.c of Linux 6.12): SCHED_FIFO and SCHED_RR. Each CPU runs its task of the highest
// priority; the system runs the highest ones: a task that cannot run is pushed to a CPU that runs less
// important work, and a CPU about to run less important work pulls.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "sim/kernel.h"
#include "sim/sched_class.h"

namespace simsched {

class RtClass final : public SchedClass {
 public:
  explicit RtClass(Nanos rr_slice = 100_ms) : rr_slice_(rr_slice) {}

  void attach(Kernel& kernel) override;
  const char* name() const override { return "rt"; }
  bool takes(SchedPolicy policy) const override { return is_real_time(policy); }
  CpuId select_task_rq(TaskId task, CpuId prev, uint32_t wake_flags) override;
  void enqueue_task(CpuId cpu, TaskId task, uint32_t flags) override;
  bool dequeue_task(CpuId cpu, TaskId task, uint32_t flags) override;
  void wakeup_preempt(CpuId cpu, TaskId task, uint32_t wake_flags) override;
  TaskId pick_task(CpuId cpu) override;
  void put_prev_task(CpuId cpu, TaskId task, TaskId next) override;
  void set_next_task(CpuId cpu, TaskId task) override;
  void task_tick(CpuId cpu, TaskId curr) override;
  Nanos next_tick(CpuId cpu) override;
  void yield_task(CpuId cpu, TaskId task) override;
  void timer(uint32_t number) override;
  void assign(const SchedClass& other) override;

 private:
  static constexpr int kPriorities = 100;  // 1..99; more is more important

  struct Link {
    TaskId prev, next;
    Nanos slice_left;    // SCHED_RR
    Nanos last_tick;     // since when slice_left is not yet accounted
  };
  struct Queue {
    std::array<TaskId, kPriorities> first, last;
    std::array<uint64_t, 2> bitmap{};  // of non-empty priorities
    uint32_t nr = 0;
    bool runs = false;        // one of them has the CPU
    bool overloaded = false;  // one of them waits
    int highest() const;               // 0 when empty
  };

  int priority(TaskId task) const { return std::max<int>(1, kernel_->rt_priority(task)); }
  // Of what runs on the CPU: 0 when it is idle or of a lower class.
  int running_priority(CpuId cpu) const;
  bool is_rt(TaskId task) const;
  void link(CpuId cpu, TaskId task, bool at_head);
  void unlink(CpuId cpu, TaskId task);
  void requeue(CpuId cpu, TaskId task);
  CpuId find_lowest(TaskId task, CpuId prefer) const;  // none: every CPU runs something as important
  void pull(CpuId cpu);
  bool push(CpuId cpu);
  void account_slice(TaskId task);
  void note_overload(CpuId cpu);

  Nanos rr_slice_;
  Kernel* kernel_ = nullptr;
  std::vector<Link> links_;    // by task
  std::vector<Queue> queues_;  // by CPU
  bool pulling_ = false;           // only while it handles an event
  std::vector<CpuId> overloaded_;  // CPUs on which a task waits, ascending
};

}  // namespace simsched

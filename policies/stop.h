// The stop class: the per-CPU stoppers (migration/N), above all other classes. A stopper is woken when
// there is work for it, does it and sleeps again; nothing preempts it.
#pragma once

#include <vector>

#include "sim/kernel.h"
#include "sim/sched_class.h"

namespace simsched {

class StopClass final : public SchedClass {
 public:
  void attach(Kernel& kernel) override {
    kernel_ = &kernel;
    queued_.resize(kernel.nr_cpus());
  }
  const char* name() const override { return "stop"; }
  bool takes(SchedPolicy policy) const override { return policy == SchedPolicy::kStop; }
  CpuId select_task_rq(TaskId, CpuId prev, uint32_t) override { return prev; }
  void enqueue_task(CpuId cpu, TaskId task, uint32_t) override { queued_[cpu.index()] = task; }
  bool dequeue_task(CpuId cpu, TaskId, uint32_t) override {
    queued_[cpu.index()] = TaskId();
    return true;
  }
  void wakeup_preempt(CpuId, TaskId, uint32_t) override {}
  TaskId pick_task(CpuId cpu) override { return queued_[cpu.index()]; }
  void put_prev_task(CpuId, TaskId, TaskId) override {}
  void set_next_task(CpuId, TaskId) override {}
  void task_tick(CpuId, TaskId) override {}
  Nanos next_tick(CpuId) override { return Nanos::max(); }
  void assign(const SchedClass& other) override { queued_ = dynamic_cast<const StopClass&>(other).queued_; }

 private:
  Kernel* kernel_ = nullptr;
  std::vector<TaskId> queued_;  // by CPU: the stopper, while it has work
};

}  // namespace simsched

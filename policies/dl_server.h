// The deadline server of a class (fair_server, ext_server): 50 ms of each second for a class that higher ones keep off
// its CPU, so that an endless SCHED_FIFO task starves nobody. Modelled on kernel/sched/deadline.c, Linux 6.18: a
// deferred reservation, which waits until what is left of its budget just fits before its deadline, and goes on period
// by period once it had to step in, until the class gets time by itself again.
//
// It stands above the classes that starve its own, takes no tasks and lends its turn.
//
// Unlike the kernel's, which starts whenever its class has tasks, it keeps an account only from when the class is kept
// off the CPU, as if the class had run without a break before.
#pragma once

#include <functional>
#include <vector>

#include "sim/kernel.h"
#include "sim/sched_class.h"

namespace simsched {

class DlServer final : public SchedClass {
 public:
  // `has_tasks`: whether the class has runnable tasks on a CPU. `above`: the classes that may starve it.
  DlServer(SchedClass& served, std::function<bool(CpuId)> has_tasks, std::vector<const SchedClass*> above)
      : served_(served), has_tasks_(std::move(has_tasks)), above_(std::move(above)) {}

  void attach(Kernel& kernel) override;
  const char* name() const override { return "dl_server"; }
  TaskId pick_task(CpuId cpu) override;
  void tick_balance(CpuId cpu) override;
  Nanos next_tick(CpuId cpu) override;
  uint32_t watches() const override { return kWatchScheduled; }
  void scheduled(CpuId cpu) override;
  void timer(uint32_t number) override;
  void assign(const SchedClass& other) override { servers_ = dynamic_cast<const DlServer&>(other).servers_; }

  bool takes(SchedPolicy) const override { return false; }
  CpuId select_task_rq(TaskId, CpuId prev, uint32_t) override { return prev; }
  void enqueue_task(CpuId, TaskId, uint32_t) override {}
  bool dequeue_task(CpuId, TaskId, uint32_t) override { return true; }
  void wakeup_preempt(CpuId, TaskId, uint32_t) override {}
  void put_prev_task(CpuId, TaskId, TaskId) override {}
  void set_next_task(CpuId, TaskId) override {}
  void task_tick(CpuId, TaskId) override {}

 private:
  // Stopped: keeps no account. Deferred: until the zero-laxity point. Throttled: until the next period.
  enum class State : uint8_t { kStopped, kDeferred, kRunning, kThrottled };
  struct Server {
    State state = State::kStopped;
    bool free = false;           // no higher class has had the CPU since `since`
    Nanos deadline, left, since;  // left: of the budget
    Nanos timer = Nanos::max();  // the pending one
  };

  Server& server(CpuId cpu) { return servers_[cpu.index()]; }
  bool starves(TaskId curr) const;
  void notice(CpuId cpu);
  void account(CpuId cpu);
  void replenish(Server& server);
  void arm_timer(CpuId cpu, Nanos at);

  SchedClass& served_;
  const std::function<bool(CpuId)> has_tasks_;
  const std::vector<const SchedClass*> above_;
  Kernel* kernel_ = nullptr;
  std::vector<Server> servers_;  // by CPU
};

}  // namespace simsched

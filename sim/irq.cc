// Time that interrupts take from a CPU and from what runs there.
#include <algorithm>

#include "base/error.h"
#include "sim/kernel.h"

namespace simsched {

void Kernel::begin_irq(CpuId cpu) {
  Rq& rq = rqs_[cpu.index()];
  SIMSCHED_CHECK(!rq.irq, "cpu " + std::to_string(cpu.value()) + " handles interrupts already");
  settle(cpu);
  rq.irq = true;
  agenda_.cancel(cpu, EventKind::kDone);
  if (curr(cpu).valid()) return;
  rq.idle.leave(now_, machine_.costs());
  if (!sleeps_.empty()) end_sleep(cpu, false);
  energy_.set_depth(machine_, cpu, kRuns, now_);
  wasted_.cpu_is(now_, cpu, idle_use(cpu));
  if (rq.has_siblings) speed_changed(machine_.smt_cpus(cpu));
}

void Kernel::end_irq(CpuId cpu) {
  Rq& rq = rqs_[cpu.index()];
  settle(cpu);
  rq.irq = false;
  if (curr(cpu).valid()) {
    arm_done(cpu);
  } else {
    if (!rq.need_resched) {
      rq.idle.enter(now_);
      enter_idle(cpu);
    }
    wasted_.cpu_is(now_, cpu, idle_use(cpu));
    if (rq.has_siblings) speed_changed(machine_.smt_cpus(cpu));
  }
  if (rq.need_resched && !agenda_.planned(cpu, EventKind::kResched) && !defers_resched(cpu))
    plan_resched(cpu, Nanos(0));
}

// An interrupt's work is nobody's: of what makes tasks slower it feels the core, its frequency and its siblings.
Nanos Kernel::irq_time_for(CpuId cpu, Work work) const {
  uint64_t speed = static_cast<uint64_t>(machine_.cpu(cpu).capacity) * rqs_[cpu.index()].frequency;
  for (CpuId sibling : machine_.smt_cpus(cpu)) {
    if (sibling == cpu || (!curr(sibling).valid() && !rqs_[sibling.index()].irq)) continue;
    speed = speed * static_cast<uint64_t>(machine_.smt_share()) >> kFactorShift;
    break;
  }
  if (speed == kFullSpeed) return Nanos(work.count());
  return Nanos(
      static_cast<int64_t>((static_cast<Uint128>(work.count()) << kSpeedShift) / std::max<uint64_t>(1, speed)));
}

bool Kernel::defers_resched(CpuId cpu) const {
  if (!curr(cpu).valid()) return false;
  // Without kernel preemption it waits until the task blocks or goes back to user space (leave_kernel()).
  const Task& task = tasks_[curr(cpu).index()];
  return task.bh_off || (task.in_kernel && !kernel_preemptible());
}

}  // namespace simsched

// Machines whose CPUs are not alike: tasks that need a bigger CPU (misfits), CPUs that tasks are packed on first
// (SD_ASYM_PACKING), and CPUs of which real-time tasks or heat leave less. Rules of kernel/sched/fair.c, 6.12.
#include <algorithm>

#include "policies/fair/balance.h"

namespace simsched {

using namespace fair;

// ---- What real-time tasks leave ----

void FairClass::any_switch(CpuId cpu, TaskId, TaskId next) {
  const bool real_time = next.valid() && !kernel_->is_stopper(next) && precedes_fair(kernel_->policy(next));
  RealTime& rt = rt_[cpu.index()];
  if (rt.running == real_time) return;
  rt_util(cpu);
  rt.running = !rt.running;
}

int64_t FairClass::rt_util(CpuId cpu) {
  RealTime& rt = rt_[cpu.index()];
  if (rt.avg.util_sum == 0 && !rt.running) {
    rt.avg.last_update_time = pelt_now(cpu);
    return 0;
  }
  pelt::update(rt.avg, pelt_now(cpu), {.load = rt.running, .running = rt.running});
  return rt.avg.util_avg;
}

// update_irq_load_avg() of kernel/sched/pelt.c: the time since the last look is taken for one interrupt that has just
// ended.
int64_t FairClass::irq_util(CpuId cpu) {
  IrqTime& irq = irq_[cpu.index()];
  const int64_t spent = kernel_->irq_time(cpu).count(), clock = now() + kClockOrigin;
  if (spent == irq.seen && irq.avg.util_sum == 0) {
    irq.avg.last_update_time = clock;
    return 0;
  }
  const int64_t running =
      (spent - irq.seen) * capacity(cpu) / kCapacityScale * kernel_->frequency(cpu) / kCapacityScale;
  irq.seen = spent;
  pelt::update(irq.avg, clock - running, {});
  pelt::update(irq.avg, clock, {.load = true, .running = true});
  return irq.avg.util_avg;
}

// scale_rt_capacity()
int64_t FairClass::rest_of_capacity(CpuId cpu) {
  const int64_t most = capacity(cpu) - kernel_->pressure(cpu), irq = interrupts_ ? irq_util(cpu) : 0;
  if (irq >= most) return 1;
  const int64_t used = rt_util_of(cpu);
  if (used >= most) return 1;
  return std::max<int64_t>(1, (most - used) * (most - irq) / most);
}

// check_cpu_capacity(): so little is left that a domain counts it as an imbalance.
bool FairClass::reduced_capacity(CpuId cpu, const Domain& domain) {
  return capacity_varies_ && capacity_of(cpu) * domain.imbalance_pct < capacity(cpu) * 100;
}

// ---- Misfits ----

// update_misfit_status(): the load of what runs on `cpu` if that does not fit there and may go to a bigger CPU, else 0.
uint64_t FairClass::misfit_load(CpuId cpu) {
  if (!may_become_misfit(cpu)) return 0;
  const TaskId current = kernel_->curr(cpu);
  return fits(current, cpu) ? 0 : std::max<uint64_t>(1, task_load(current));
}

bool FairClass::may_become_misfit(CpuId cpu) const {
  if (!domains_->asymmetric()) return false;
  const TaskId current = kernel_->curr(cpu);
  return current.valid() && is_fair(current) && capacity(cpu) < domains_->max_capacity(kernel_->allowed(current));
}

// ---- Packing ----

// But for itself.
bool FairClass::core_idle(CpuId cpu) const {
  for (CpuId thread : kernel_->machine().smt_cpus(cpu))
    if (thread != cpu && !kernel_->idle_cpu(thread)) return false;
  return true;
}

// sched_use_asym_prio(): a core's priority is that of one thread; with a busy sibling it counts nothing.
bool FairClass::uses_priority(const Domain& domain, CpuId cpu) const {
  return domain.asym_packing && (!smt_ || domain.smt || core_idle(cpu));
}

// sched_asym().
bool FairClass::better_on(const Domain& domain, CpuId dst, CpuId src) const {
  return uses_priority(domain, dst) && domains_->prefers(dst, src);
}

// Whether the group's tasks belong on `lb.dst`; a core whose threads share is smt_balance's.
bool FairClass::group_packs(const LoadBalance& lb, const Group& group, const GroupStats& stats) const {
  if (!lb.domain->asym_packing || stats.h_nr_running == 0) return false;
  if (group.smt && stats.weight - stats.idle_cpus != 1) return false;
  return better_on(*lb.domain, lb.dst, group.preferred);
}

}  // namespace simsched

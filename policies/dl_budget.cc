// Budgets of the deadline class: the constant bandwidth server of each task, and what they may ask for in all.
#include <algorithm>

#include "base/error.h"
#include "policies/dl.h"

namespace simsched {
namespace {

constexpr int kUnitShift = 10;  // DL_SCALE: products of times are of microseconds, about

}  // namespace

// replenish_dl_new_period()
void DlClass::begin_period(TaskId task) {
  Entity& e = entity(task);
  const Reservation& r = kernel_->reservation(task);
  e.deadline = kernel_->now() + r.deadline;
  e.runtime = r.runtime;
}

// replenish_dl_entity(): as many periods later as it owes.
void DlClass::replenish(TaskId task) {
  Entity& e = entity(task);
  const Reservation& r = kernel_->reservation(task);
  if (e.yielded) e.runtime = std::min(e.runtime, Nanos(0));
  if (e.runtime <= Nanos(0)) {
    const int64_t periods = -e.runtime.count() / r.runtime.count() + 1;
    e.deadline += r.period * periods;
    e.runtime += r.runtime * periods;
  }
  if (e.deadline < kernel_->now()) begin_period(task);  // it lags
  e.yielded = e.throttled = false;
}

// update_dl_entity(): a task that comes back keeps deadline and budget if that is no more than its share of the time
// until then (dl_entity_overflow()). Otherwise its period begins now, or, where its deadline is not the end of its
// period, the budget is cut to the share (update_dl_revised_wakeup()). A wake-up at the very deadline comes after it,
// as in a kernel, where timers are always late.
void DlClass::wake_up(TaskId task) {
  Entity& e = entity(task);
  const Reservation& r = kernel_->reservation(task);
  const Nanos left = e.deadline - kernel_->now();
  const bool late = left <= Nanos(0);
  auto units = [](Nanos time) { return time.count() >> kUnitShift; };
  if (!late && units(r.deadline) * units(e.runtime) <= units(left) * units(r.runtime)) return;
  if (late || r.deadline == r.period) return begin_period(task);
  e.runtime = Nanos(bandwidth(r.runtime, r.deadline) * left.count() >> kBandwidthShift);
}

// dl_next_period(), dl_check_constrained_dl(): a task that comes between its deadline and the end of its period waits
// for that.
bool DlClass::next_period_first(TaskId task) {
  Entity& e = entity(task);
  const Reservation& r = kernel_->reservation(task);
  const Nanos next = e.deadline - r.deadline + r.period;
  if (e.deadline > kernel_->now() || kernel_->now() >= next) return false;
  e.throttled = true;
  e.runtime = std::min(e.runtime, Nanos(0));
  e.timer = next;
  set_timer(kReplenish, task.index(), next);
  return true;
}

// dl_scaled_delta_exec(): budgets are time on the fastest CPU at its top frequency.
void DlClass::charge(CpuId cpu, TaskId task) {
  Entity& e = entity(task);
  const Nanos clock = kernel_->clock_task(cpu);
  int64_t used = (clock - e.exec_start).count();
  used = used * kernel_->frequency(cpu) / kCapacityScale;
  used = used * kernel_->capacity(cpu) / kCapacityScale;
  e.runtime -= Nanos(used);
  e.exec_start = clock;
}

// update_curr_dl(): who has used up its budget, or given it up, waits for its next period. Whether what should run here
// is another now.
bool DlClass::account(CpuId cpu, TaskId task) {
  charge(cpu, task);
  Entity& e = entity(task);
  if (e.throttled || (e.runtime > Nanos(0) && !e.yielded)) return false;
  const Reservation& r = kernel_->reservation(task);
  const Nanos next = e.deadline - r.deadline + r.period;
  remove(cpu, task);
  if (next < kernel_->now()) {  // which has begun
    replenish(task);
    insert(cpu, task);
    return queue(cpu).front() != task;
  }
  e.throttled = true;
  e.timer = next;
  set_timer(kReplenish, task.index(), next);
  kernel_->throttle(task);
  return true;
}

// dl_task_timer()
void DlClass::budget_is_back(TaskId task) {
  Entity& e = entity(task);
  if (kernel_->now() < e.timer) return;  // it was put off
  e.timer = Nanos::max();
  if (!e.throttled) return;
  replenish(task);
  if (!is_deadline(task) || !kernel_->task_on_rq(task)) return;
  const CpuId cpu = kernel_->task_cpu(task);
  kernel_->set_this_cpu(cpu);
  insert(cpu, task);
  kernel_->unthrottle(task);
  const TaskId curr = kernel_->curr(cpu);
  if (curr == task || (curr.valid() && kernel_->is_stopper(curr))) return;
  wakeup_preempt(cpu, task, 0);
}

// sched_dl_overflow(). What the kernel would refuse is an error; a recording goes on, and says so.
void DlClass::admit(TaskId task) {
  const Reservation& r = kernel_->reservation(task);
  const int64_t asked = bandwidth(r.runtime, r.period);
  if (asked == entity(task).admitted) return;
  s_.usable = s_.usable | kernel_->allowed(task);
  s_.admitted += asked - entity(task).admitted;
  entity(task).admitted = asked;
  if (kernel_->workload().recorded) return;
  const CpuSet cpus = s_.usable & kernel_->online_cpus();
  int64_t capacity = 0;
  for (CpuId cpu : cpus) capacity += kernel_->capacity(cpu);
  const bool servers = kernel_->params().at_least(6, 12);
  if (!exceeds_bandwidth(s_.admitted, capacity, servers ? cpus.size() : 0)) return;
  const int64_t percent = ((s_.admitted * 200 >> kBandwidthShift) + 1) / 2;
  throw Error(r.where,
              kernel_->describe(task) + " asks for " + reservation_text(r) + ", and all deadline tasks for " +
                  std::to_string(percent) + " % of a CPU: the kernel refuses that (EBUSY)",
              std::string("ask for less: 95 % of what the CPUs can do that they may use, ") +
                  (servers ? "5 % of each for its deadline server included" : "all together"));
}

void DlClass::release(TaskId task) {
  s_.admitted -= entity(task).admitted;
  entity(task).admitted = 0;
}

}  // namespace simsched

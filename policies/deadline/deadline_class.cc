#include "policies/deadline/deadline_class.h"

#include <algorithm>

namespace simsched::deadline {
namespace {

// Deadlines are times since boot, and BFS doubles them: the simulation begins so long after it.
constexpr Nanos kUptime = 300_s;

// prio_ratios: 128 at nice -20, and a tenth more with each level.
int64_t ratio(int nice) {
  int64_t value = 128;
  for (int level = -20; level < nice; ++level) value = value * 11 / 10;
  return value;
}

}  // namespace

void DeadlineClass::attach_lists(Kernel& kernel, std::vector<uint32_t> list_of_cpu) {
  kernel_ = &kernel;
  list_of_cpu_ = std::move(list_of_cpu);
  state_.entities.resize(kernel.nr_tasks());
  state_.cpus.resize(kernel.nr_cpus());
  state_.nr_idle = static_cast<uint32_t>(kernel.nr_cpus());
  const uint32_t lists = 1 + *std::max_element(list_of_cpu_.begin(), list_of_cpu_.end());
  state_.waiting = SkipLists(lists, kernel.nr_tasks());
}

void DeadlineClass::assign(const SchedClass& other) { state_ = dynamic_cast<const DeadlineClass&>(other).state_; }

// ---- Deadlines and slices ----

// task_deadline_diff(): a millisecond is taken as 2^20 ns.
Nanos DeadlineClass::offset(int nice) const {
  return Nanos((rr_interval_.count() << 20) / 1'000'000 * ratio(nice) / 128);
}

// time_slice_expired()
void DeadlineClass::renew(TaskId task) {
  Entity& e = entity(task);
  e.nice = kernel_->nice(task);
  e.slice = rr_interval_;
  e.deadline = kUptime + kernel_->now() + offset(e.nice);
}

// check_deadline(): at every schedule().
void DeadlineClass::renew_if_used_up(TaskId task) {
  if (entity(task).slice < kUsedUp || kernel_->policy(task) == SchedPolicy::kBatch) renew(task);
}

void DeadlineClass::account(CpuId cpu, TaskId curr) {
  entity(curr).slice -= kernel_->now() - cpu_state(cpu).since;
  cpu_state(cpu).since = kernel_->now();
}

TaskId DeadlineClass::going_on(CpuId cpu) {
  const TaskId curr = kernel_->curr(cpu);
  if (!runs_here(curr)) return {};
  account(cpu, curr);
  renew_if_used_up(curr);
  return curr;
}

void DeadlineClass::give_up_slice(CpuId cpu, TaskId curr) {
  account(cpu, curr);
  entity(curr).slice = Nanos(0);
}

void DeadlineClass::task_tick(CpuId cpu, TaskId curr) {
  account(cpu, curr);
  if (entity(curr).slice >= kUsedUp) return;
  if (picks_alone_ || state_.waiting.length() > 0) return kernel_->resched_curr(cpu);
  renew(curr);  // it would be the one to go on
}

Nanos DeadlineClass::next_tick(CpuId cpu) {
  const TaskId curr = kernel_->curr(cpu);
  if (!runs_here(curr)) return Nanos::max();
  return cpu_state(cpu).since + entity(curr).slice - kUsedUp + 1_ns;
}

// sched_fork() and wake_up_new_task(): parent and child share what is left of the slice.
void DeadlineClass::task_fork(TaskId child, TaskId parent) {
  renew(child);
  if (!parent.valid() || !runs_here(parent)) return;
  const CpuId cpu = kernel_->task_cpu(parent);
  if (kernel_->curr(cpu) == parent) account(cpu, parent);
  Entity& old = entity(parent);
  if (old.slice < kUsedUp * 2) {  // too little to share; the parent has used it up
    old.slice = Nanos(0);
    return;
  }
  old.slice = old.slice / 2;
  entity(child).slice = old.slice;
  entity(child).deadline = old.deadline;
  entity(child).nice = old.nice;
}

void DeadlineClass::switched_to(TaskId task) { renew(task); }

// adjust_deadline()
void DeadlineClass::reweight_task(TaskId task) {
  Entity& e = entity(task);
  e.deadline += offset(kernel_->nice(task)) - offset(e.nice);
  e.nice = kernel_->nice(task);
}

// ---- Lists ----

void DeadlineClass::enqueue_task(CpuId cpu, TaskId task, uint32_t enqueue_flags) {
  entity(task).queued = true;
  ++cpu_state(cpu).nr;
  state_.waiting.insert(list_of(cpu), task, key(task));
  // What comes because it may not stay where it was has not been asked where to go.
  if (!taking_ && !(enqueue_flags & kEnqueueRestore) && kernel_->curr(cpu).valid()) call_idle(task);
}

bool DeadlineClass::dequeue_task(CpuId cpu, TaskId task, uint32_t) {
  if (state_.waiting.contains(task)) state_.waiting.remove(task);
  entity(task).queued = false;
  --cpu_state(cpu).nr;
  return true;
}

void DeadlineClass::set_next_task(CpuId cpu, TaskId task) {
  state_.waiting.remove(task);
  cpu_state(cpu).since = kernel_->now();
}

void DeadlineClass::put_prev_task(CpuId cpu, TaskId task, TaskId) {
  account(cpu, task);
  renew_if_used_up(task);
  if (!entity(task).queued) return;
  state_.waiting.insert(list_of(cpu), task, key(task));
  call_idle(task);
}

TaskId DeadlineClass::take(CpuId cpu, TaskId task) {
  if (kernel_->task_cpu(task) == cpu) return task;
  taking_ = true;
  kernel_->move_queued_task(task, cpu, MigrationKind::kPolicy, false);
  taking_ = false;
  return task;
}

// ---- Idle CPUs ----

void DeadlineClass::cpu_idle(CpuId, bool idle, bool transition) {
  if (!transition) return;
  idle ? ++state_.nr_idle : --state_.nr_idle;
}

CpuId DeadlineClass::best_idle(TaskId task, CpuId near) const {
  if (state_.nr_idle == 0) return {};
  auto idle = [&](CpuId cpu) {
    return kernel_->idle_cpu(cpu) && !kernel_->need_resched(cpu) && kernel_->cpu_allowed(task, cpu);
  };
  if (idle(near)) return near;
  const Machine& machine = kernel_->machine();
  CpuId best;
  uint32_t least = ~0u;
  for (size_t llc = 0; llc < machine.nr_llcs(); ++llc) {
    const CpuSet& cpus = machine.llc_cpus(LlcId(llc));
    uint32_t cache = 0;
    for (CpuId cpu : cpus)
      if (!kernel_->idle_cpu(cpu)) cache = kCacheBusy;
    for (CpuId cpu : cpus) {
      if (!idle(cpu)) continue;
      static constexpr uint32_t kFar[] = {0, kDiffThread, kDiffCore, kDiffPackage, kDiffNode};
      uint32_t rank = cache | kFar[static_cast<size_t>(machine.distance(near, cpu))];
      for (CpuId sibling : machine.smt_cpus(cpu))
        if (!kernel_->idle_cpu(sibling)) rank |= kThreadBusy;
      if (kernel_->frequency(cpu) < kCapacityScale) rank |= kThrottled;
      if (rank >= least) continue;
      least = rank;
      best = cpu;
    }
  }
  return best;
}

void DeadlineClass::call_idle(TaskId task) {
  const CpuId idle = best_idle(task, kernel_->task_cpu(task));
  if (idle.valid()) kernel_->resched_curr(idle);
}

// ---- Preemption ----

bool DeadlineClass::forked_here(TaskId task, uint32_t wake_flags) const {
  const TaskId parent = wake_flags & kWfFork ? kernel_->spec(task).parent : TaskId();
  return parent.valid() && kernel_->curr(kernel_->this_cpu()) == parent &&
         kernel_->cpu_allowed(task, kernel_->this_cpu());
}

bool DeadlineClass::preempts(TaskId task, CpuId cpu) const {
  const TaskId curr = kernel_->curr(cpu);
  return runs_here(curr) && key(task) < key(curr);
}

// The class has chosen `cpu` so that it may. A waker that is about to sleep makes room by itself.
void DeadlineClass::wakeup_preempt(CpuId cpu, TaskId task, uint32_t wake_flags) {
  const bool child_first = cpu == kernel_->this_cpu() && forked_here(task, wake_flags);
  if (child_first || (!(wake_flags & kWfSync) && preempts(task, cpu))) kernel_->resched_curr(cpu);
}

}  // namespace simsched::deadline

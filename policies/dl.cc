#include "policies/dl.h"

#include <algorithm>

namespace simsched {

void DlClass::attach(Kernel& kernel) {
  kernel_ = &kernel;
  s_.entities.resize(kernel.workload().tasks.size());
  s_.queues.resize(kernel.nr_cpus());
  s_.active.resize(kernel.nr_cpus());
  for (CpuId cpu : kernel.machine().cpus()) asymmetric_ |= kernel.capacity(cpu) != kernel.capacity(CpuId(0));
}

bool DlClass::queued(CpuId cpu, TaskId task) const { return std::ranges::find(queue(cpu), task) != queue(cpu).end(); }

TaskId DlClass::running(CpuId cpu) const {
  const TaskId task = kernel_->curr(cpu);
  if (!task.valid() || !is_deadline(task) || !kernel_->task_running(task) || entity(task).throttled) return {};
  return task;
}

// One of the same deadline comes after those that are there.
void DlClass::insert(CpuId cpu, TaskId task) {
  std::vector<TaskId>& tasks = queue(cpu);
  tasks.insert(
      std::upper_bound(tasks.begin(), tasks.end(), task, [&](TaskId a, TaskId b) { return deadline(a) < deadline(b); }),
      task);
  if (tasks.size() == 2) s_.overloaded.insert(std::ranges::lower_bound(s_.overloaded, cpu), cpu);
}

void DlClass::remove(CpuId cpu, TaskId task) {
  std::vector<TaskId>& tasks = queue(cpu);
  tasks.erase(std::ranges::find(tasks, task));
  if (tasks.size() == 1) s_.overloaded.erase(std::ranges::lower_bound(s_.overloaded, cpu));
}

void DlClass::set_timer(Timer kind, size_t number, Nanos at) {
  kernel_->set_timer(*this, at, static_cast<uint32_t>(kind * kernel_->nr_cpus() + number));
}

// dl_task_fits_capacity()
bool DlClass::fits(TaskId task, CpuId cpu) const {
  const Reservation& r = kernel_->reservation(task);
  return Nanos(r.deadline.count() * kernel_->capacity(cpu) / kCapacityScale) >= r.runtime;
}

// find_later_rq(): a CPU without deadline tasks, its own or the nearest; else the one whose deadline is the latest.
CpuId DlClass::find_later(TaskId task) const {
  const CpuId own = kernel_->task_cpu(task);
  CpuId free, biggest, latest;
  auto rank = [&](CpuId cpu) { return std::pair(kernel_->machine().distance(own, cpu), cpu != kernel_->this_cpu()); };
  for (CpuId cpu : kernel_->allowed(task)) {
    if (!queue(cpu).empty()) {
      const Nanos first = deadline(queue(cpu).front());
      if (deadline(task) < first && (!latest.valid() || first > deadline(queue(latest).front()))) latest = cpu;
    } else if (asymmetric_ && !fits(task, cpu)) {
      if (!biggest.valid() || kernel_->capacity(cpu) > kernel_->capacity(biggest)) biggest = cpu;
    } else if (!free.valid() || rank(cpu) < rank(free)) {
      free = cpu;
    }
  }
  return free.valid() ? free : biggest.valid() ? biggest : latest;
}

// By the deadline that the task had so far: a new one comes with its enqueue.
CpuId DlClass::select_task_rq(TaskId task, CpuId prev, uint32_t wake_flags) {
  if (!kernel_->cpu_allowed(task, prev)) prev = kernel_->allowed(task).first_cpu();
  if (!(wake_flags & kWfTtwu)) return prev;
  const TaskId runs = running(prev);
  bool elsewhere = runs.valid() && (kernel_->allowed(runs).size() < 2 || deadline(task) >= deadline(runs));
  if (asymmetric_) elsewhere |= !fits(task, prev);
  const CpuId later = elsewhere ? find_later(task) : CpuId();
  return later.valid() ? later : prev;
}

void DlClass::enqueue_task(CpuId cpu, TaskId task, uint32_t flags) {
  Entity& e = entity(task);
  const Reservation& r = kernel_->reservation(task);
  e.active = bandwidth(r.runtime, r.period);
  s_.active[cpu.index()] += e.active;
  kernel_->cpufreq_update_util(cpu);
  if (e.deadline < Nanos(0)) begin_period(task);
  if (e.throttled || next_period_first(task)) return kernel_->throttle(task);
  if (flags & kEnqueueWakeup)
    wake_up(task);
  else if ((flags & kEnqueueRestore) && e.deadline <= kernel_->now())
    begin_period(task);
  insert(cpu, task);
}

bool DlClass::dequeue_task(CpuId cpu, TaskId task, uint32_t) {
  if (kernel_->curr(cpu) == task) account(cpu, task);
  if (!entity(task).throttled) remove(cpu, task);
  s_.active[cpu.index()] -= entity(task).active;
  return true;
}

void DlClass::wakeup_preempt(CpuId cpu, TaskId task, uint32_t) {
  if (entity(task).throttled) return;
  const TaskId runs = running(cpu);
  if (!runs.valid() || deadline(task) < deadline(runs)) return kernel_->resched_curr(cpu);
  if (kernel_->need_resched(cpu) || moving_) return;
  // check_preempt_equal_dl(): whoever can go elsewhere leaves this CPU to the other.
  const bool only_here = kernel_->allowed(task).size() < 2;
  if (only_here && deadline(task) == deadline(runs) && kernel_->allowed(runs).size() > 1 && find_later(runs).valid())
    return kernel_->resched_curr(cpu);
  while (push(cpu)) {
  }
}

// Waits there, and might as well wait elsewhere.
bool DlClass::may_move(TaskId task, CpuId from) const {
  return !kernel_->task_running(task) && kernel_->curr(from) != task && kernel_->allowed(task).size() > 1;
}

void DlClass::move(TaskId task, CpuId to) {
  moving_ = true;
  kernel_->move_queued_task(task, to, MigrationKind::kPolicy);
  moving_ = false;
}

// pull_dl_task(): the most urgent task that waits elsewhere, if it is more urgent than all that is here.
void DlClass::pull(CpuId cpu) {
  TaskId best = queue(cpu).empty() ? TaskId() : queue(cpu).front();
  const TaskId own = best;
  for (CpuId other : s_.overloaded) {
    if (other == cpu) continue;
    for (TaskId task : queue(other)) {
      if (best.valid() && deadline(task) >= deadline(best)) break;
      if (!may_move(task, other) || !kernel_->cpu_allowed(task, cpu)) continue;
      const TaskId runs = running(other);
      if (runs.valid() && deadline(task) < deadline(runs)) continue;  // it is about to preempt there
      best = task;
      break;
    }
  }
  if (best != own) move(best, cpu);
}

// push_dl_task(): the most urgent task that waits here goes where it can run. Whether another might, too.
bool DlClass::push(CpuId cpu) {
  const TaskId runs = running(cpu);
  if (!runs.valid()) return false;
  const auto task = std::ranges::find_if(queue(cpu), [&](TaskId each) { return may_move(each, cpu); });
  if (task == queue(cpu).end()) return false;
  if (deadline(*task) < deadline(runs) && kernel_->allowed(runs).size() > 1) {
    kernel_->resched_curr(cpu);
    return false;
  }
  const CpuId later = find_later(*task);
  if (!later.valid() || later == cpu) return false;
  move(*task, later);
  return true;
}

void DlClass::timer(uint32_t number) {
  const size_t cpus = kernel_->nr_cpus();
  if (number >= kReplenish * cpus) return budget_is_back(TaskId(number - kReplenish * cpus));
  const CpuId cpu(number % cpus);
  kernel_->set_this_cpu(cpu);
  if (number >= kPull * cpus) return pull(cpu);
  while (push(cpu)) {
  }
}

// balance_dl(): pulls when a task of this class leaves the CPU.
TaskId DlClass::pick_task(CpuId cpu) {
  if (!s_.overloaded.empty()) {
    const TaskId prev = kernel_->curr(cpu);
    if (prev.valid() && is_deadline(prev) && !queued(cpu, prev)) pull(cpu);
  }
  return queue(cpu).empty() ? TaskId() : queue(cpu).front();
}

void DlClass::put_prev_task(CpuId cpu, TaskId task, TaskId) { account(cpu, task); }

void DlClass::set_next_task(CpuId cpu, TaskId task) {
  entity(task).exec_start = kernel_->clock_task(cpu);
  // deadline_queue_push_tasks(): once the switch is done.
  if (queue(cpu).size() > 1) set_timer(kPush, cpu.index(), kernel_->now());
}

void DlClass::task_tick(CpuId cpu, TaskId curr) {
  if (account(cpu, curr)) kernel_->resched_curr(cpu);
}

// On a slow CPU, or one at a low frequency, the budget lasts longer: a tick that comes too early asks again.
Nanos DlClass::next_tick(CpuId cpu) {
  const TaskId runs = running(cpu);
  if (!runs.valid()) return Nanos::max();
  const Entity& e = entity(runs);
  return kernel_->now() + std::max(Nanos(0), e.runtime - (kernel_->clock_task(cpu) - e.exec_start));
}

void DlClass::yield_task(CpuId cpu, TaskId task) {
  entity(task).yielded = true;
  account(cpu, task);
}

void DlClass::task_dead(TaskId task) {
  release(task);
  entity(task).throttled = false;
}

void DlClass::reweight_task(TaskId task) {
  if (kernel_->task_state(task) != TaskState::kNew) admit(task);
}

void DlClass::switched_from(TaskId task) {
  release(task);
  const CpuId cpu = kernel_->task_cpu(task);
  if (queue(cpu).empty() && !s_.overloaded.empty()) set_timer(kPull, cpu.index(), kernel_->now());
}

void DlClass::frequency_changes(CpuId cpu) {
  if (const TaskId runs = running(cpu); runs.valid()) charge(cpu, runs);
}

CpuDemand DlClass::demand(CpuId cpu) {
  const int64_t util = s_.active[cpu.index()] * kCapacityScale >> kBandwidthShift;
  return {util, util, 0};
}

}  // namespace simsched

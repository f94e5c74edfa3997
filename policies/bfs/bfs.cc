#include "policies/bfs/bfs.h"

namespace simsched::bfs {

void BfsClass::attach(Kernel& kernel) { attach_lists(kernel, std::vector<uint32_t>(kernel.nr_cpus(), 0)); }

// ---- Who is next ----

// A sticky task's deadline as another CPU sees it: shifted by the distance.
int64_t BfsClass::key_on(CpuId cpu, TaskId task) const {
  const Entity& e = entity(task);
  if (!e.sticky) return key(task);
  const auto distance = static_cast<int>(kernel_->machine().distance(kernel_->task_cpu(task), cpu));
  return (e.deadline.count() << distance) + level(task);
}

// earliest_deadline_task(). Whoever runs stands behind those with the same deadline.
TaskId BfsClass::pick_task(CpuId cpu) {
  const TaskId curr = going_on(cpu);
  TaskId best = curr;
  int64_t least = curr.valid() ? key(curr) + 1 : INT64_MAX;
  const bool slowed = kernel_->frequency(cpu) < kCapacityScale;
  for (TaskId task = state_.waiting.first(0); task.valid() && state_.waiting.key(task) < least;
       task = state_.waiting.next(task)) {
    if (!kernel_->cpu_allowed(task, cpu)) continue;
    if (slowed && entity(task).sticky && kernel_->task_cpu(task) != cpu) continue;
    const int64_t seen = key_on(cpu, task);
    if (seen >= least) continue;
    best = task;
    least = seen;
  }
  return best.valid() && best != curr ? take(cpu, best) : best;
}

// ---- Stickiness ----

void BfsClass::unstick(TaskId task) {
  if (!entity(task).sticky) return;
  entity(task).sticky = false;
  cpu_state(kernel_->task_cpu(task)).sticky = TaskId();
}

bool BfsClass::dequeue_task(CpuId cpu, TaskId task, uint32_t dequeue_flags) {
  unstick(task);
  return DeadlineClass::dequeue_task(cpu, task, dequeue_flags);
}

void BfsClass::set_next_task(CpuId cpu, TaskId task) {
  unstick(task);
  DeadlineClass::set_next_task(cpu, task);
}

// swap_sticky(): the task that was sticky before is free to go. None is while a class above has the CPU: it might have
// it for long.
void BfsClass::put_prev_task(CpuId cpu, TaskId task, TaskId next) {
  DeadlineClass::put_prev_task(cpu, task, next);
  if (!entity(task).queued) return;
  const TaskId before = cpu_state(cpu).sticky;
  if (before.valid()) unstick(before);
  if (next.valid() && entity(next).queued) {
    entity(task).sticky = true;
    cpu_state(cpu).sticky = task;
  }
  if (before.valid() && before != next) call_idle(before);
}

// ---- Where a task goes ----

// try_preempt(): to the best idle CPU; else to the one whose task has the latest deadline, if that is later than its
// own. A task that is woken by one about to sleep preempts nobody, nor does SCHED_IDLE.
CpuId BfsClass::select_task_rq(TaskId task, CpuId prev, uint32_t wake_flags) {
  if (wake_flags & kWfExec) return prev;
  const CpuId idle = best_idle(task, prev);
  if (idle.valid()) return idle;
  if (forked_here(task, wake_flags)) return kernel_->this_cpu();
  const CpuId latest = wake_flags & kWfSync || level(task) > 0 ? CpuId() : latest_deadline(task);
  return latest.valid() ? latest : stay(task, prev);
}

CpuId BfsClass::latest_deadline(TaskId task) const {
  CpuId latest;
  int64_t most = key(task);
  for (CpuId cpu : kernel_->allowed(task)) {
    const TaskId curr = kernel_->curr(cpu);
    if (!runs_here(curr) || key(curr) <= most) continue;
    most = key(curr);
    latest = cpu;
  }
  return latest;
}

}  // namespace simsched::bfs

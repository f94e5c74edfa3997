#include "policies/fifo/fifo.h"

namespace simsched::fifo {

// Once, before time zero: machine and workload are known, so arrays get their sizes and never grow.
void FifoClass::attach(Kernel& kernel) {
  kernel_ = &kernel;
  state_.queues.resize(kernel.nr_cpus());
  state_.links.resize(kernel.nr_tasks());
}

// ---- The lines ----

void FifoClass::insert(CpuId cpu, TaskId task, bool at_head) {
  Queue& q = queue(cpu);
  Link& l = link(task);
  l.prev = at_head ? TaskId() : q.last;
  l.next = at_head ? q.first : TaskId();
  (l.prev.valid() ? link(l.prev).next : q.first) = task;
  (l.next.valid() ? link(l.next).prev : q.last) = task;
  if (++q.length == 2) ++state_.crowded;
}

void FifoClass::remove(CpuId cpu, TaskId task) {
  Queue& q = queue(cpu);
  const Link& l = link(task);
  (l.prev.valid() ? link(l.prev).next : q.first) = l.next;
  (l.next.valid() ? link(l.next).prev : q.last) = l.prev;
  if (--q.length == 1) --state_.crowded;
}

void FifoClass::to_the_end(CpuId cpu, TaskId task) {
  remove(cpu, task);
  insert(cpu, task, false);
}

// A task becomes runnable on `cpu`, or comes from another one. One whose parameters changed keeps its place.
void FifoClass::enqueue_task(CpuId cpu, TaskId task, uint32_t enqueue_flags) {
  insert(cpu, task, (enqueue_flags & kEnqueueRestore) != 0);
}

bool FifoClass::dequeue_task(CpuId cpu, TaskId task, uint32_t) {
  remove(cpu, task);
  return true;  // it is off the queue at once: nothing is delayed here
}

// ---- Where a task goes ----

CpuId FifoClass::find_idle(TaskId task, CpuId prev) const {
  if (kernel_->cpu_allowed(task, prev) && kernel_->idle_cpu(prev)) return prev;
  const Machine& machine = kernel_->machine();
  for (CpuId cpu : machine.llc_cpus(machine.cpu(prev).llc))  // its cache is warm there
    if (kernel_->cpu_allowed(task, cpu) && kernel_->idle_cpu(cpu)) return cpu;
  for (CpuId cpu : kernel_->allowed(task))
    if (kernel_->idle_cpu(cpu)) return cpu;
  return {};
}

CpuId FifoClass::select_task_rq(TaskId task, CpuId prev, uint32_t) {
  const CpuId idle = find_idle(task, prev);
  if (idle.valid()) return idle;
  return kernel_->cpu_allowed(task, prev) ? prev : kernel_->allowed(task).first_cpu();
}

// ---- Who is next ----

TaskId FifoClass::pick_task(CpuId cpu) {
  if (queue(cpu).length == 0 && !pull(cpu)) return {};
  return queue(cpu).first;
}

// Takes the task that has waited longest in the longest line, of those that may come; false: there is none.
bool FifoClass::pull(CpuId cpu) {
  if (state_.crowded == 0) return false;
  TaskId oldest;
  uint32_t longest = 1;
  for (CpuId other : kernel_->online_cpus()) {
    if (queue(other).length <= longest) continue;
    TaskId task = queue(other).first;
    while (task.valid() && (kernel_->curr(other) == task || !kernel_->cpu_allowed(task, cpu))) task = link(task).next;
    if (!task.valid()) continue;
    oldest = task;
    longest = queue(other).length;
  }
  if (!oldest.valid()) return false;
  kernel_->move_queued_task(oldest, cpu, MigrationKind::kNewIdle, false);
  return true;
}

void FifoClass::set_next_task(CpuId cpu, TaskId) { queue(cpu).since = kernel_->now(); }

// ---- Slices ----

// The engine simulates no tick before this time, as it would do nothing.
Nanos FifoClass::next_tick(CpuId cpu) {
  const Queue& q = queue(cpu);
  if (params_.slice == Nanos(0) || q.length < 2 || kernel_->curr(cpu) != q.first) return Nanos::max();
  return q.since + params_.slice;
}

void FifoClass::task_tick(CpuId cpu, TaskId curr) {
  if (kernel_->now() < next_tick(cpu)) return;
  to_the_end(cpu, curr);
  kernel_->resched_curr(cpu);
}

void FifoClass::yield_task(CpuId cpu, TaskId task) { to_the_end(cpu, task); }

// ---- Snapshots ----

void FifoClass::assign(const SchedClass& other) { state_ = dynamic_cast<const FifoClass&>(other).state_; }

}  // namespace simsched::fifo

#include "policies/rt.h"

#include <algorithm>
#include <bit>

namespace simsched {

int RtClass::Queue::highest() const {
  for (int word : {1, 0})
    if (bitmap[static_cast<size_t>(word)]) return word * 64 + 63 - std::countl_zero(bitmap[static_cast<size_t>(word)]);
  return 0;
}

void RtClass::attach(Kernel& kernel) {
  kernel_ = &kernel;
  links_.resize(kernel.workload().tasks.size());
  queues_.resize(kernel.nr_cpus());
  for (Link& link : links_) link.slice_left = rr_slice_;
}

void RtClass::assign(const SchedClass& other) {
  const auto& from = dynamic_cast<const RtClass&>(other);
  links_ = from.links_;
  queues_ = from.queues_;
  overloaded_ = from.overloaded_;
}

bool RtClass::is_rt(TaskId task) const { return !kernel_->is_stopper(task) && takes(kernel_->policy(task)); }

int RtClass::running_priority(CpuId cpu) const {
  TaskId task = kernel_->curr(cpu);
  if (!task.valid() || !kernel_->task_running(task)) return 0;  // one that just blocked is being replaced
  if (kernel_->is_stopper(task) || kernel_->policy(task) == SchedPolicy::kDeadline) return kPriorities;
  return is_rt(task) ? priority(task) : 0;
}

// find_lowest_rq(): a CPU that runs the least important work, `prefer` if it is one of them.
CpuId RtClass::find_lowest(TaskId task, CpuId prefer) const {
  CpuId best;
  int lowest = priority(task);
  auto consider = [&](CpuId cpu) {
    int runs = std::max(running_priority(cpu), queues_[cpu.index()].highest());
    if (runs < lowest) {
      lowest = runs;
      best = cpu;
    }
  };
  if (kernel_->cpu_allowed(task, prefer)) consider(prefer);
  if (lowest == 0) return best;
  for (CpuId cpu : kernel_->allowed(task)) consider(cpu);
  return best;
}

CpuId RtClass::select_task_rq(TaskId task, CpuId prev, uint32_t wake_flags) {
  if (!kernel_->cpu_allowed(task, prev)) prev = kernel_->allowed(task).first_cpu();
  if (!(wake_flags & (kWfTtwu | kWfFork))) return prev;
  if (running_priority(prev) == 0 && priority(task) > queues_[prev.index()].highest()) return prev;
  if (running_priority(prev) < priority(task) && !(wake_flags & kWfTtwu)) return prev;
  // Something as important, or a real-time task that should not be disturbed, runs there.
  CpuId lowest = find_lowest(task, prev);
  return lowest.valid() ? lowest : prev;
}

void RtClass::link(CpuId cpu, TaskId task, bool at_head) {
  Queue& queue = queues_[cpu.index()];
  auto p = static_cast<size_t>(priority(task));
  Link& link = links_[task.index()];
  link.prev = at_head ? TaskId() : queue.last[p];
  link.next = at_head ? queue.first[p] : TaskId();
  (link.prev.valid() ? links_[link.prev.index()].next : queue.first[p]) = task;
  (link.next.valid() ? links_[link.next.index()].prev : queue.last[p]) = task;
  queue.bitmap[p / 64] |= uint64_t{1} << (p % 64);
}

void RtClass::unlink(CpuId cpu, TaskId task) {
  Queue& queue = queues_[cpu.index()];
  auto p = static_cast<size_t>(priority(task));
  Link& link = links_[task.index()];
  (link.prev.valid() ? links_[link.prev.index()].next : queue.first[p]) = link.next;
  (link.next.valid() ? links_[link.next.index()].prev : queue.last[p]) = link.prev;
  if (!queue.first[p].valid()) queue.bitmap[p / 64] &= ~(uint64_t{1} << (p % 64));
}

void RtClass::requeue(CpuId cpu, TaskId task) {
  unlink(cpu, task);
  link(cpu, task, false);
}

void RtClass::enqueue_task(CpuId cpu, TaskId task, uint32_t flags) {
  // What runs and is changed goes on, whatever waits at its priority.
  link(cpu, task, (flags & kEnqueueRestore) && kernel_->curr(cpu) == task);
  ++queues_[cpu.index()].nr;
  note_overload(cpu);
}

bool RtClass::dequeue_task(CpuId cpu, TaskId task, uint32_t) {
  unlink(cpu, task);
  --queues_[cpu.index()].nr;
  note_overload(cpu);
  return true;
}

// rt_set_overload(): since 6.7 one task that waits is enough, whatever it waits behind.
void RtClass::note_overload(CpuId cpu) {
  Queue& queue = queues_[cpu.index()];
  const bool waits = queue.nr > (queue.runs ? 1u : 0u);
  if (waits == queue.overloaded) return;
  queue.overloaded = waits;
  const auto at = std::ranges::lower_bound(overloaded_, cpu);
  if (waits)
    overloaded_.insert(at, cpu);
  else
    overloaded_.erase(at);
}

void RtClass::wakeup_preempt(CpuId cpu, TaskId task, uint32_t) {
  if (priority(task) > running_priority(cpu)) {
    kernel_->resched_curr(cpu);
    return;
  }
  if (pulling_) return;
  // It cannot run here now: push it to where it can.
  CpuId lowest = find_lowest(task, cpu);
  if (lowest.valid() && lowest != cpu) kernel_->move_queued_task(task, lowest, MigrationKind::kPolicy);
}

// pull_rt_task(): the most important waiting tasks of other CPUs that are more important than what is here; but for one
// that is about to preempt there.
void RtClass::pull(CpuId cpu) {
  while (true) {
    TaskId best;
    int lowest = std::max(queues_[cpu.index()].highest(), 0);
    for (CpuId other : overloaded_) {
      if (other == cpu) continue;
      const Queue& queue = queues_[other.index()];
      for (int p = std::min(queue.highest(), running_priority(other)); p > lowest; --p)
        for (TaskId task = queue.first[static_cast<size_t>(p)]; task.valid(); task = links_[task.index()].next)
          if (!kernel_->task_running(task) && kernel_->curr(other) != task && kernel_->cpu_allowed(task, cpu)) {
            best = task;
            lowest = p;
            p = 0;
            break;
          }
    }
    if (!best.valid()) return;
    pulling_ = true;
    kernel_->move_queued_task(best, cpu, MigrationKind::kPolicy);
    pulling_ = false;
  }
}

// push_rt_task(): the most important task that waits here goes to a CPU that runs less important work.
bool RtClass::push(CpuId cpu) {
  const Queue& queue = queues_[cpu.index()];
  for (int p = queue.highest(); p > 0; --p) {
    for (TaskId task = queue.first[static_cast<size_t>(p)]; task.valid(); task = links_[task.index()].next) {
      if (kernel_->task_running(task) || kernel_->curr(cpu) == task || kernel_->allowed(task).size() < 2) continue;
      const CpuId lowest = running_priority(cpu) < p ? CpuId() : find_lowest(task, cpu);
      if (!lowest.valid() || lowest == cpu) return false;
      kernel_->move_queued_task(task, lowest, MigrationKind::kPolicy);
      return true;
    }
  }
  return false;
}

void RtClass::timer(uint32_t number) {
  while (push(CpuId(static_cast<int32_t>(number)))) {
  }
}

TaskId RtClass::pick_task(CpuId cpu) {
  if (!overloaded_.empty()) pull(cpu);
  const Queue& queue = queues_[cpu.index()];
  return queue.nr == 0 ? TaskId() : queue.first[static_cast<size_t>(queue.highest())];
}

void RtClass::account_slice(TaskId task) {
  Link& link = links_[task.index()];
  if (kernel_->policy(task) == SchedPolicy::kRr) link.slice_left -= kernel_->now() - link.last_tick;
  link.last_tick = kernel_->now();
}

void RtClass::put_prev_task(CpuId cpu, TaskId task, TaskId) {
  account_slice(task);
  queues_[cpu.index()].runs = false;
  note_overload(cpu);
}

void RtClass::set_next_task(CpuId cpu, TaskId task) {
  links_[task.index()].last_tick = kernel_->now();
  queues_[cpu.index()].runs = true;
  note_overload(cpu);
  // rt_queue_push_tasks(): once the switch is done.
  if (queues_[cpu.index()].nr > 1) kernel_->set_timer(*this, kernel_->now(), static_cast<uint32_t>(cpu.index()));
}

void RtClass::task_tick(CpuId cpu, TaskId curr) {
  account_slice(curr);
  Link& link = links_[curr.index()];
  if (kernel_->policy(curr) != SchedPolicy::kRr || link.slice_left > Nanos(0)) return;
  link.slice_left = rr_slice_;
  auto p = static_cast<size_t>(priority(curr));
  const Queue& queue = queues_[cpu.index()];
  if (queue.first[p] == queue.last[p]) return;
  requeue(cpu, curr);
  kernel_->resched_curr(cpu);
}

Nanos RtClass::next_tick(CpuId cpu) {
  TaskId curr = kernel_->curr(cpu);
  if (!curr.valid() || !is_rt(curr) || kernel_->policy(curr) != SchedPolicy::kRr) return Nanos::max();
  const Queue& queue = queues_[cpu.index()];
  auto p = static_cast<size_t>(priority(curr));
  if (queue.first[p] == queue.last[p]) return Nanos::max();
  return links_[curr.index()].last_tick + std::max(Nanos(0), links_[curr.index()].slice_left);
}

void RtClass::yield_task(CpuId cpu, TaskId task) { requeue(cpu, task); }

}  // namespace simsched

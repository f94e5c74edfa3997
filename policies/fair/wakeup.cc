// Wake-up preemption, buddies, and the record of who wakes whom.
#include <utility>

#include "policies/fair/fair.h"

namespace simsched {

using namespace fair;

void FairClass::set_next_buddy(Entity* e) {
  for (; e && e->on_rq && !e->idle; e = e->parent) e->cfs_rq->next = e;
}

void FairClass::wakeup_preempt(CpuId cpu, TaskId task, uint32_t wake_flags) {
  TaskId running = kernel_->curr(cpu);
  if (running == task || kernel_->task_throttled(task)) return;
  Entity *curr = &entity_of(running), *woken = &entity_of(task);
  if (!curr->on_rq) {  // it is being replaced already
    kernel_->resched_curr(cpu);
    return;
  }
  bool crowded = params_.discipline == Discipline::kEevdf ||
                 curr->cfs_rq->nr_queued * params_.min_granularity.count() >= params_.latency.count();
  if (params_.next_buddy && crowded && !(wake_flags & kWfFork) && !woken->delayed) set_next_buddy(woken);
  if (kernel_->need_resched(cpu) || !params_.wakeup_preemption) return;

  // The two entities, of the tasks or of the groups they are in, that compete on the same queue.
  while (curr->cfs_rq != woken->cfs_rq) {
    const uint32_t of_curr = depth(*curr->cfs_rq), of_woken = depth(*woken->cfs_rq);
    if (of_curr >= of_woken) curr = curr->parent;
    if (of_woken >= of_curr) woken = woken->parent;
  }
  if (curr->idle != woken->idle) {
    if (woken->idle) return;
    rule_.cancel_protection(*curr);
    kernel_->resched_curr(cpu);
    return;
  }
  if (kernel_->policy(task) != SchedPolicy::kNormal) return;  // SCHED_BATCH does not preempt
  update_curr(*curr->cfs_rq);
  if (rule_.preempts(*curr->cfs_rq, *curr, *woken, wake_flags)) kernel_->resched_curr(cpu);
}

// Index into wakers_ of what runs on this CPU, or was interrupted there: the idle task, too.
size_t FairClass::waker() const {
  CpuId cpu = kernel_->this_cpu();
  TaskId running = kernel_->curr(cpu);
  return running.valid() ? running.index() : kernel_->nr_tasks() + cpu.index();
}

void FairClass::record_wakee(TaskId wakee) {
  constexpr int64_t kDecay = 1000000000;
  Waker& here = wakers_[waker()];
  if (now() > here.flips_decayed + kDecay) {
    here.flips >>= 1;
    here.flips_decayed = now();
  }
  if (here.last_wakee != wakee) {
    here.last_wakee = wakee;
    ++here.flips;
  }
}

// Whether waker and wakee are in a wide relation, one waking many that wake others: pulling them all to the
// waker's cache would overload it.
bool FairClass::wake_wide(TaskId wakee) {
  uint32_t factor = static_cast<uint32_t>(domains_->cache_size(kernel_->this_cpu()));
  uint32_t master = wakers_[waker()].flips;
  if (master < factor) return false;
  uint32_t slave = wakers_[wakee.index()].flips;
  if (master < slave) std::swap(master, slave);
  return slave >= factor && master >= slave * factor;
}

}  // namespace simsched

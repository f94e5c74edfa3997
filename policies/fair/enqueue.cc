// Enqueue and dequeue through the hierarchy, and the delayed dequeue of sleepers.
#include <algorithm>

#include "policies/fair/fair.h"
#include "policies/fair/tree.h"

namespace simsched {

using namespace fair;

void FairClass::list_add(CpuId cpu, TaskId task) {
  CpuState& state = cpu_state(cpu);
  Entity& e = entity_of(task);
  e.newer = TaskId();
  e.older = state.newest;
  (state.newest.valid() ? entity_of(state.newest).newer : state.oldest) = task;
  state.newest = task;
}

void FairClass::list_remove(CpuId cpu, TaskId task) {
  CpuState& state = cpu_state(cpu);
  const Entity& e = entity_of(task);
  (e.newer.valid() ? entity_of(e.newer).older : state.newest) = e.older;
  (e.older.valid() ? entity_of(e.older).newer : state.oldest) = e.newer;
}

void FairClass::enqueue_entity(CfsRq& rq, Entity& e, uint32_t flags) {
  bool runs = rq.curr == &e;
  if (runs) rule_.place(rq, e, flags);  // before update_curr(), which moves its vruntime
  update_curr(rq);
  update_load_avg(rq, e, kUpdateGroup | kAttach);
  if (!e.is_task()) e.runnable_weight = e.my_q->h_nr_runnable;
  update_shares(e);
  if (!runs) rule_.place(rq, e, flags);
  account_enqueue(rq, e);
  if (e.is_task()) list_add(rq.cpu, e.task());
  if (flags & (kEnqueueMigrated | kEnqueueMove)) e.exec_start = 0;  // cold here
  rule_.waits(e);
  if (!runs) enqueue_waiting(rq, e);
  e.on_rq = true;
  if (rq.nr_queued > 1) return;
  if (rq.limited) check_enqueue(rq);
  add_leaf(rq);
}

// False when it stays queued: its sleep is delayed.
bool FairClass::dequeue_entity(CfsRq& rq, Entity& e, uint32_t flags) {
  bool sleeps = flags & kDequeueSleep;
  update_curr(rq);
  clear_buddies(rq, e);
  if (sleeps && !(flags & (kDequeueSpecial | kDequeueDelayed)) && rule_.delays_sleep(rq, e)) {
    update_load_avg(rq, e, 0);
    set_delayed(e);
    return false;
  }
  bool moves = e.is_task() && (flags & kDequeueMove);
  update_load_avg(rq, e, moves ? uint32_t{kUpdateGroup | kDetach} : uint32_t{kUpdateGroup});
  rule_.leave(rq, e, flags);
  if (rq.curr != &e) dequeue_waiting(rq, e);
  e.on_rq = false;
  account_dequeue(rq, e);
  if (e.is_task()) list_remove(rq.cpu, e.task());
  update_shares(e);
  if (!(flags & kDequeueSave)) update_min_vruntime(rq);
  if (flags & kDequeueDelayed) clear_delayed(e);
  if (rq.limited && rq.nr_queued == 0) return_runtime(rq);
  return true;
}

// A sleeper does not count as runnable, though it is queued.
void FairClass::set_delayed(Entity& e) {
  e.delayed = true;
  if (!e.is_task()) return;  // what is below it was counted out when it slept
  for (Entity* at = &e; at; at = at->parent) {
    --at->cfs_rq->h_nr_runnable;
    if (throttled(*at->cfs_rq)) break;
  }
}

void FairClass::clear_delayed(Entity& e) {
  e.delayed = false;
  if (!e.is_task()) return;
  for (Entity* at = &e; at; at = at->parent) {
    ++at->cfs_rq->h_nr_runnable;
    if (throttled(*at->cfs_rq)) break;
  }
}

// A sleeper whose dequeue was delayed wakes up: it just stays.
void FairClass::requeue_delayed(Entity& e) {
  rule_.requeue_delayed(*e.cfs_rq, e);
  update_load_avg(*e.cfs_rq, e, 0);
  clear_delayed(e);
}

// A group asks for slices as short as the shortest that it has to serve.
void FairClass::slice_from_below(Entity& e, uint32_t slice) {
  if (params_.discipline != Discipline::kEevdf) return;
  e.slice = slice;
  if (e.cfs_rq->curr != &e) tree::slice_changed(e);
}

void FairClass::enqueue_task(CpuId cpu, TaskId task, uint32_t flags) {
  Entity* e = &entity_of(task);
  CfsRq& root = root_of(cpu);
  if (!e->delayed || (flags & kEnqueueDelayed)) util_est_enqueue(root, *e);
  if (flags & kEnqueueDelayed) {
    requeue_delayed(*e);
    return;
  }
  if (!e->cfs_rq || e->cfs_rq->cpu != cpu || e->cfs_rq->group != kernel_->group(task)) {
    // It was moved while it belonged to another class, or is new.
    if (e->cfs_rq && e->avg.last_update_time != 0) detach_sleeper(*e);
    set_task_queue(*e, cpu);
  }
  const bool initial = flags & kEnqueueInitial;
  if (initial) init_new_task(*e);

  CpuState& state = cpu_state(cpu);
  if (kernel_->nr_running(cpu) > 0) overloaded_ = true;
  if ((flags & kEnqueueWakeup) && state.idle_stamp >= 0) {
    // The end of an idle period; its length bears on whether newidle balancing is worth the while.
    state.avg_idle += (now() - state.idle_stamp - state.avg_idle) / 8;
    state.avg_idle = std::min(state.avg_idle, 2 * state.max_idle_cost);
    state.idle_stamp = -1;
  }

  // A delayed task may be moved by the balancer: it is queued there, but not runnable.
  uint32_t runnable = e->delayed ? 0 : 1, idle = e->idle ? 1 : 0;
  idle_policy_queued_ += idle;
  uint32_t slice = 0;
  for (; e; e = e->parent) {
    if (e->on_rq) {
      if (e->delayed) requeue_delayed(*e);
      break;
    }
    CfsRq& rq = *e->cfs_rq;
    if (slice != 0 && params_.discipline == Discipline::kEevdf) {
      e->slice = slice;
      e->custom_slice = true;
    }
    enqueue_entity(rq, *e, flags);
    slice = min_slice(rq);
    rq.h_nr_runnable += runnable;
    ++rq.h_nr_queued;
    rq.h_nr_idle += idle;
    if (is_idle(rq)) idle = 1;
    if (throttled(rq)) return joins_throttled(task);
    flags = kEnqueueWakeup;
  }
  for (; e; e = e->parent) {
    CfsRq& rq = *e->cfs_rq;
    update_load_avg(rq, *e, kUpdateGroup);
    e->runnable_weight = e->my_q->h_nr_runnable;
    update_shares(*e);
    slice_from_below(*e, slice);
    slice = min_slice(rq);
    rq.h_nr_runnable += runnable;
    ++rq.h_nr_queued;
    rq.h_nr_idle += idle;
    if (is_idle(rq)) idle = 1;
    if (throttled(rq)) return joins_throttled(task);
  }
  if (!initial) note_overutilized(cpu);
}

bool FairClass::dequeue_task(CpuId cpu, TaskId task, uint32_t flags) {
  Entity& e = entity_of(task);
  if (!e.delayed) util_est_dequeue(root_of(cpu), e);
  bool sleeps = flags & kDequeueSleep;
  if (sleeps) util_est_update(e);
  return dequeue_entities(e, flags);
}

// Takes an entity off its queue, and those above that have nothing else. False when the sleep of the
// task `start` itself is delayed; the delay of a group above it is its own affair.
bool FairClass::dequeue_entities(Entity& start, uint32_t flags) {
  Entity* e = &start;
  bool sleeps = flags & kDequeueSleep, delayed = flags & kDequeueDelayed;
  uint32_t queued = 0, runnable = 0, idle = 0;
  if (e->is_task()) {
    queued = 1;
    idle = e->idle;
    runnable = sleeps || delayed || !e->delayed;
  }
  uint32_t slice = 0;
  for (; e; e = e->parent) {
    CfsRq& rq = *e->cfs_rq;
    if (!dequeue_entity(rq, *e, flags)) {
      if (e == &start && e->is_task()) return false;
      slice = min_slice(rq);
      break;
    }
    rq.h_nr_runnable -= runnable;
    rq.h_nr_queued -= queued;
    rq.h_nr_idle -= idle;
    if (is_idle(rq)) idle = queued;
    if (throttled(rq)) {  // those above know nothing of it
      e = nullptr;
      break;
    }
    if (rq.load != 0) {
      slice = min_slice(rq);
      e = e->parent;
      // Its group goes on with another task, when the next pick allows.
      if (sleeps && e) set_next_buddy(e);
      break;
    }
    flags = (flags | kDequeueSleep) & ~uint32_t{kDequeueDelayed | kDequeueSpecial};
  }
  for (; e; e = e->parent) {
    CfsRq& rq = *e->cfs_rq;
    update_load_avg(rq, *e, kUpdateGroup);
    if (!e->is_task()) e->runnable_weight = e->my_q->h_nr_runnable;
    update_shares(*e);
    slice_from_below(*e, slice);
    slice = min_slice(rq);
    rq.h_nr_runnable -= runnable;
    rq.h_nr_queued -= queued;
    rq.h_nr_idle -= idle;
    if (is_idle(rq)) idle = queued;
    if (throttled(rq)) break;
  }
  idle_policy_queued_ -= start.is_task() && start.idle;
  if (delayed && start.is_task()) kernel_->finish_delayed_dequeue(start.task());
  return true;
}

}  // namespace simsched

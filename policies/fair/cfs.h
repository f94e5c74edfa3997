// The Completely Fair Scheduler as it was in Linux 6.5: the least vruntime runs next.
#pragma once

#include "policies/fair/params.h"
#include "policies/fair/run_queue.h"
#include "sim/sched_class.h"

namespace simsched::fair {

// Its verbs: rule.h.
class Cfs {
 public:
  explicit Cfs(const Params& params) : params_(params) {}

  // While an entity is between two queues its vlag holds the min_vruntime of the one that it left.
  void place(CfsRq& rq, Entity& e, uint32_t flags) const {
    e.slice = static_cast<uint32_t>(params_.min_granularity.count());
    if (e.rel_vruntime) {
      e.vruntime += rq.min_vruntime - e.vlag;
      e.rel_vruntime = false;
    } else if (flags & kEnqueueInitial) {
      start(rq, e);
    }
    if (flags & kEnqueueWakeup) {
      // Sleeping earns at most one period.
      int64_t credit = (e.idle ? params_.min_granularity : params_.latency).count();
      if (params_.gentle_fair_sleepers) credit /= 2;
      e.vruntime = std::max(e.vruntime, rq.min_vruntime - credit);
    }
  }

  void leave(CfsRq& rq, Entity& e, uint32_t flags) const {
    if (!(flags & kDequeueSleep)) migrate(rq, e);
  }

  void migrate(CfsRq& rq, Entity& e) const {
    if (e.rel_vruntime) return;
    e.vlag = rq.min_vruntime;
    e.rel_vruntime = true;
  }

  void fork(CfsRq& rq, Entity& child) const {
    if (rq.curr) child.vruntime = rq.curr->vruntime;
    start(rq, child);
    migrate(rq, child);
  }

  void reweigh(CfsRq& rq, Entity& e, int64_t weight) const {
    bool waiting = e.on_rq && rq.curr != &e;
    if (waiting) dequeue_waiting(rq, e);
    if (e.on_rq) rq.load += weight - e.weight;
    set_weight(e, weight);
    if (waiting) enqueue_waiting(rq, e);
  }

  Entity* pick(CfsRq& rq) const {
    Entity* first = tree::first(rq.root);
    Entity* curr = queued_curr(rq);
    Entity* left = least(curr, first);
    Entity* best = left;
    if (rq.skip && rq.skip == best) {
      Entity* second = best == curr ? first : least(curr, tree::after(*best));
      if (second && lead(*second, *left) < 1) best = second;
    }
    // Unfairness within the wake-up granularity is allowed, for the sake of the cache.
    for (Entity* buddy : {rq.next.get(), rq.last.get()})
      if (buddy && lead(*buddy, *left) < 1) return buddy;
    return best;
  }

  void waits(Entity& e) const { e.deadline = e.vruntime; }

  bool ran(CfsRq& rq, Entity&) const {
    update_min_vruntime(rq);
    return false;
  }

  bool tick(CfsRq& rq, Entity& curr) const {
    int64_t ideal = ideal_runtime(rq, curr), done = curr.ran;
    if (done > ideal) return true;
    if (done < params_.min_granularity.count()) return false;
    const Entity* first = tree::first(rq.root);
    return first && curr.vruntime - first->vruntime > ideal;
  }

  bool preempts(CfsRq& rq, Entity& curr, Entity& woken, uint32_t /*wake_flags*/) const {
    if (lead(curr, woken) < 1) return false;
    if (params_.last_buddy && curr.is_task() && rq.nr_queued >= nr_latency())
      for (Entity* e = &curr; e && e->on_rq && !e->idle; e = e->parent) e->cfs_rq->last = e;
    return true;
  }

  void yield(CfsRq&, Entity& curr) const {
    for (Entity* e = &curr; e && e->cfs_rq->nr_queued > 1; e = e->parent) e->cfs_rq->skip = e;
  }

  int64_t runs_for(const CfsRq& rq, Entity& curr) const {
    int64_t ideal = ideal_runtime(rq, curr), done = curr.ran;
    int64_t end = ideal + 1 - done;
    if (const Entity* first = tree::first(rq.root)) {
      int64_t until_behind = real_time(std::max<int64_t>(0, first->vruntime + ideal + 1 - curr.vruntime), curr);
      end = std::min(end, std::max(until_behind, params_.min_granularity.count() - done));
    }
    return std::max<int64_t>(0, end);
  }

 private:
  static Entity* least(Entity* curr, Entity* waiting) {
    return !waiting || (curr && curr->vruntime < waiting->vruntime) ? curr : waiting;
  }

  // 1: `e` leads `waiting` by more than the wake-up granularity; 0: by less; -1: it is behind.
  int lead(const Entity& e, Entity& waiting) const {
    int64_t ahead = e.vruntime - waiting.vruntime;
    if (ahead <= 0) return -1;
    return ahead > virtual_time(params_.wakeup_granularity.count(), waiting) ? 1 : 0;
  }

  // A new entity is placed after the slice it would have had: it has to wait its turn.
  void start(CfsRq& rq, Entity& e) const {
    int64_t at = rq.min_vruntime;
    if (params_.start_debit) at += virtual_time(slice_of(rq, e), e);
    e.vruntime = std::max(e.vruntime, at);
  }

  int64_t nr_latency() const { return std::max<int64_t>(1, params_.latency / params_.min_granularity); }

  // Its share of the scheduling period, by weight at each level.
  int64_t slice_of(const CfsRq& rq, const Entity& e) const {
    const CfsRq* top = &rq;
    while (top->group_entity) top = top->group_entity->cfs_rq;
    int64_t nr = int64_t{top->h_nr_queued} + !e.on_rq;
    int64_t slice = nr > nr_latency() ? nr * params_.min_granularity.count() : params_.latency.count();
    const Entity* at = &e;
    for (const CfsRq* level = &rq; level; level = at ? at->cfs_rq.get() : nullptr) {
      int64_t load = level->load + (at->on_rq ? 0 : at->weight);
      slice = static_cast<int64_t>(static_cast<Int128>(slice) * at->weight / std::max<int64_t>(load, 1));
      at = level->group_entity;
    }
    bool yields_to_normal = e.idle && rq.h_nr_idle != rq.h_nr_queued;
    return std::max(slice, (yields_to_normal ? params_.idle_min_granularity : params_.min_granularity).count());
  }

  int64_t ideal_runtime(const CfsRq& rq, const Entity& curr) const {
    return std::min(slice_of(rq, curr), params_.latency.count());
  }

  const Params& params_;
};

}  // namespace simsched::fair

// The rules by which the entities of one run queue take turns: one of two disciplines, EEVDF and CFS.
#pragma once

#include "policies/fair/cfs.h"
#include "policies/fair/eevdf.h"
#include "policies/fair/params.h"
#include "policies/fair/run_queue.h"

namespace simsched::fair {

class Rule {
 public:
  explicit Rule(const Params& params)
      : is_eevdf_(params.discipline == Discipline::kEevdf), eevdf_(params), cfs_(params) {}

  // An entity joins: gives it its vruntime and deadline. Before it is counted.
  void place(CfsRq& rq, Entity& e, uint32_t enqueue_flags) const {
    is_eevdf_ ? eevdf_.place(rq, e, enqueue_flags) : cfs_.place(rq, e, enqueue_flags);
  }
  // It leaves: keeps what place() will need. While it is still counted.
  void leave(CfsRq& rq, Entity& e, uint32_t dequeue_flags) const {
    is_eevdf_ ? eevdf_.leave(rq, e, dequeue_flags) : cfs_.leave(rq, e, dequeue_flags);
  }
  // It leaves its CPU for good while it sleeps.
  void migrate(CfsRq& rq, Entity& e) const {
    if (!is_eevdf_) cfs_.migrate(rq, e);
  }
  // A new task whose parent runs on `rq`, and may not be of this class.
  void fork(CfsRq& rq, Entity& child) const {
    if (!is_eevdf_) cfs_.fork(rq, child);
  }
  // Whether an entity that goes to sleep is to stay queued for now.
  bool delays_sleep(const CfsRq& rq, const Entity& e) const { return is_eevdf_ && eevdf_.delays_sleep(rq, e); }
  // A delayed entity wakes up.
  void requeue_delayed(CfsRq& rq, Entity& e) const {
    if (is_eevdf_) eevdf_.requeue_delayed(rq, e);
  }
  // Its weight changes; both while queued and while not. Keeps the tree in order.
  void reweigh(CfsRq& rq, Entity& e, int64_t weight) const {
    is_eevdf_ ? eevdf_.reweigh(rq, e, weight) : cfs_.reweigh(rq, e, weight);
  }

  // The best of those queued, with the running one. Null only when nothing is queued.
  Entity* pick(CfsRq& rq) const { return is_eevdf_ ? eevdf_.pick(rq) : cfs_.pick(rq); }
  // It has left the tree to run; `curr` is still null.
  void picked(CfsRq& rq, Entity& e) const {
    if (is_eevdf_) eevdf_.picked(rq, e);
  }
  // It is about to enter the tree: its place there.
  void waits(Entity& e) const {
    if (!is_eevdf_) cfs_.waits(e);
  }
  // The running entity's vruntime has advanced: whether it should give way.
  bool ran(CfsRq& rq, Entity& curr) const { return is_eevdf_ ? eevdf_.ran(rq, curr) : cfs_.ran(rq, curr); }
  bool tick(CfsRq& rq, Entity& curr) const { return !is_eevdf_ && cfs_.tick(rq, curr); }
  // Whether `woken` should run instead of `curr`.
  bool preempts(CfsRq& rq, Entity& curr, Entity& woken, uint32_t wake_flags) const {
    return is_eevdf_ ? eevdf_.preempts(rq, curr, woken, wake_flags) : cfs_.preempts(rq, curr, woken, wake_flags);
  }
  void cancel_protection(Entity& curr) const {
    if (is_eevdf_) eevdf_.cancel_protection(curr);
  }
  void yield(CfsRq& rq, Entity& curr) const { is_eevdf_ ? eevdf_.yield(rq, curr) : cfs_.yield(rq, curr); }
  // In how many ns of running ran() or tick() could first be true, others being queued.
  int64_t runs_for(const CfsRq& rq, Entity& curr) const {
    return is_eevdf_ ? eevdf_.runs_for(rq, curr) : cfs_.runs_for(rq, curr);
  }

 private:
  const bool is_eevdf_;
  Eevdf eevdf_;
  Cfs cfs_;
};

}  // namespace simsched::fair

// What one run queue level does with its entities, whatever hierarchy they are part of: weights, the
// weighted average of vruntimes, and the two disciplines, EEVDF and CFS, that decide who runs.
#pragma once

#include <memory>

#include "policies/fair/entity.h"
#include "policies/fair/params.h"

namespace simsched::fair {

// Virtual time that `delta` ns are for this entity: delta * kNice0Load / weight, in the kernel's 32-bit
// fixed point.
int64_t virtual_time(int64_t delta, Entity& e);
// How long it takes, in ns and rounded up, until its vruntime has advanced by `virtual_delta`.
int64_t real_time(int64_t virtual_delta, const Entity& e);

void set_weight(Entity& e, int64_t weight);

// V, the weighted average of the vruntimes of all queued entities: where everyone has had its share.
int64_t avg_vruntime(const CfsRq& rq);
// Whether `vruntime` is not past V, exactly.
bool vruntime_eligible(const CfsRq& rq, int64_t vruntime);
inline bool eligible(const CfsRq& rq, const Entity& e) { return vruntime_eligible(rq, e.vruntime); }
// Least slice of those queued.
int64_t min_slice(const CfsRq& rq);
void update_min_vruntime(CfsRq& rq);

// Into and out of the tree of those waiting; `key` of the entity has to be up to date.
void enqueue_waiting(CfsRq& rq, Entity& e);
void dequeue_waiting(CfsRq& rq, Entity& e);
// Counts `e` among the queued of `rq`.
void account_enqueue(CfsRq& rq, Entity& e);
void account_dequeue(CfsRq& rq, Entity& e);

void clear_buddies(CfsRq& rq, const Entity& e);

// The rules by which the entities of one run queue take turns.
class PickRule {
 public:
  explicit PickRule(const Params& params) : params_(params) {}
  virtual ~PickRule() = default;

  // An entity joins: gives it its vruntime and deadline. Before it is counted.
  virtual void place(CfsRq& rq, Entity& e, uint32_t enqueue_flags) const = 0;
  // It leaves: keeps what place() will need. While it is still counted.
  virtual void leave(CfsRq& rq, Entity& e, uint32_t dequeue_flags) const = 0;
  // It leaves its CPU for good while it sleeps.
  virtual void migrate(CfsRq&, Entity&) const {}
  // A new task whose parent runs on `rq`, and may not be of this class.
  virtual void fork(CfsRq&, Entity& /*child*/) const {}
  // Whether an entity that goes to sleep is to stay queued for now.
  virtual bool delays_sleep(const CfsRq&, const Entity&) const { return false; }
  // Its weight changes; both while queued and while not. Keeps the tree in order.
  virtual void reweigh(CfsRq& rq, Entity& e, int64_t weight) const = 0;
  // A delayed entity wakes up.
  virtual void requeue_delayed(CfsRq&, Entity&) const {}

  // The best of those queued, with the running one. Null only when nothing is queued.
  virtual Entity* pick(CfsRq& rq) const = 0;
  virtual void picked(CfsRq&, Entity&) const {}  // it has left the tree to run; `curr` is still null
  virtual void waits(Entity& e) const = 0;       // it is about to enter the tree: sets its key
  // The running entity's vruntime has advanced: whether it should give way.
  virtual bool ran(CfsRq& rq, Entity& curr) const = 0;
  virtual bool tick(CfsRq&, Entity& /*curr*/) const { return false; }
  // Whether `woken` should run instead of `curr`.
  virtual bool preempts(CfsRq& rq, Entity& curr, Entity& woken, uint32_t wake_flags) const = 0;
  virtual void cancel_protection(Entity& /*curr*/) const {}
  virtual void yield(CfsRq& rq, Entity& curr) const = 0;
  // In how many ns of running ran() or tick() could first be true, others being queued.
  virtual int64_t runs_for(const CfsRq& rq, Entity& curr) const = 0;

 protected:
  const Params& params_;
};

std::unique_ptr<PickRule> make_eevdf(const Params& params);
std::unique_ptr<PickRule> make_cfs(const Params& params);

}  // namespace simsched::fair

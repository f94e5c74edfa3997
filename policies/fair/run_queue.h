// What one run queue level does with its entities, whatever hierarchy they are part of: weights and the
// weighted average of vruntimes. Which of them runs is for a discipline to decide: rule.h.
#pragma once

#include "policies/fair/entity.h"
#include "policies/fair/tree.h"

namespace simsched::fair {

inline void set_weight(Entity& e, int64_t weight) {
  e.weight = static_cast<int32_t>(weight);
  e.inverse_weight = 0;
}

// Virtual time that `delta` ns are for this entity: delta * kNice0Load / weight, in the kernel's 32-bit
// fixed point.
inline int64_t virtual_time(int64_t delta, Entity& e) {
  if (e.weight == kNice0Load) return delta;
  if (e.inverse_weight == 0) e.inverse_weight = static_cast<uint32_t>(0xffffffff / scale_down(e.weight));
  return static_cast<int64_t>((Int128{delta} * 1024 * e.inverse_weight) >> 32);
}

// How long it takes, in ns and rounded up, until its vruntime has advanced by `virtual_delta`.
inline int64_t real_time(int64_t virtual_delta, const Entity& e) {
  if (e.weight == kNice0Load) return virtual_delta;
  return static_cast<int64_t>((Int128{virtual_delta} * scale_down(e.weight) + 1023) / 1024) + 1;
}

// The running entity, if it is still queued.
inline Entity* queued_curr(const CfsRq& rq) {
  Entity* curr = rq.curr;
  return curr && curr->on_rq ? curr : nullptr;
}

// Over all queued: the sum of weight * (vruntime - min_vruntime), and that of weights.
struct WeightedSum {
  Int128 w_vruntime;
  int64_t weight;
};
inline WeightedSum weighted_sum(const CfsRq& rq) {
  WeightedSum sum{rq.sum_w_vruntime, rq.sum_weight};
  if (const Entity* curr = queued_curr(rq)) {
    int64_t weight = scale_down(curr->weight);
    sum.w_vruntime += Int128{curr->vruntime - rq.min_vruntime} * weight;
    sum.weight += weight;
  }
  return sum;
}

// V, the weighted average of the vruntimes of all queued entities: where everyone has had its share.
int64_t avg_vruntime(const CfsRq& rq);

// Whether `vruntime` is not past V, exactly.
inline bool vruntime_eligible(const CfsRq& rq, int64_t vruntime) {
  auto [w_vruntime, weight] = weighted_sum(rq);
  return w_vruntime >= Int128{vruntime - rq.min_vruntime} * weight;
}
inline bool eligible(const CfsRq& rq, const Entity& e) { return vruntime_eligible(rq, e.vruntime); }

// Least slice of those queued; UINT32_MAX: nobody is.
inline uint32_t min_slice(const CfsRq& rq) {
  uint32_t least = UINT32_MAX;
  if (const Entity* curr = queued_curr(rq)) least = curr->slice;
  if (const Entity* root = rq.root) least = std::min(least, root->min_slice);
  return least;
}

inline void update_min_vruntime(CfsRq& rq) {
  const Entity *curr = queued_curr(rq), *root = rq.root;
  int64_t least = curr ? curr->vruntime : INT64_MAX;
  if (root) least = std::min(least, root->min_vruntime);
  if (least == INT64_MAX || least <= rq.min_vruntime) return;
  rq.sum_w_vruntime -= Int128{rq.sum_weight} * (least - rq.min_vruntime);
  rq.min_vruntime = least;
}

// Into and out of the tree of those waiting; its deadline, the order in the tree, has to be up to date.
inline void enqueue_waiting(CfsRq& rq, Entity& e) {
  int64_t weight = scale_down(e.weight);
  rq.sum_w_vruntime += Int128{e.vruntime - rq.min_vruntime} * weight;
  rq.sum_weight += weight;
  tree::insert(rq.root, e);
}
inline void dequeue_waiting(CfsRq& rq, Entity& e) {
  tree::erase(rq.root, e);
  int64_t weight = scale_down(e.weight);
  rq.sum_w_vruntime -= Int128{e.vruntime - rq.min_vruntime} * weight;
  rq.sum_weight -= weight;
}

// Counts `e` among the queued of `rq`.
inline void account_enqueue(CfsRq& rq, Entity& e) {
  rq.load += e.weight;
  ++rq.nr_queued;
}
inline void account_dequeue(CfsRq& rq, Entity& e) {
  rq.load -= e.weight;
  --rq.nr_queued;
}

inline void clear_buddies(CfsRq& rq, const Entity& e) {
  for (Near<Entity>* buddy : {&rq.next, &rq.last, &rq.skip})
    if (*buddy == &e) *buddy = nullptr;
}

}  // namespace simsched::fair

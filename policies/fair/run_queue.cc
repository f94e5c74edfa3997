#include "policies/fair/run_queue.h"

#include "policies/fair/tree.h"

namespace simsched::fair {
namespace {

using Wide = Int128;

int64_t scaled_weight(const Entity& e) { return scale_down(e.weight); }
int64_t distance(const CfsRq& rq, int64_t vruntime) { return vruntime - rq.min_vruntime; }

// Sum of weight * distance, and of weights, over all queued.
struct Sums {
  Wide w_vruntime;
  int64_t weight;
};
Sums sums(const CfsRq& rq) {
  Sums s{rq.sum_w_vruntime, rq.sum_weight};
  if (const Entity* curr = rq.curr; curr && curr->on_rq) {
    int64_t weight = scaled_weight(*curr);
    s.w_vruntime += Wide{distance(rq, curr->vruntime)} * weight;
    s.weight += weight;
  }
  return s;
}

}  // namespace

int64_t nice_weight(int nice) {
  static constexpr int32_t kWeights[40] = {
      88761, 71755, 56483, 46273, 36291, 29154, 23254, 18705, 14949, 11916,  // -20 .. -11
      9548,  7620,  6100,  4904,  3906,  3121,  2501,  1991,  1586,  1277,   // -10 .. -1
      1024,  820,   655,   526,   423,   335,   272,   215,   172,   137,    // 0 .. 9
      110,   87,    70,    56,    45,    36,    29,    23,    18,    15};    // 10 .. 19
  return kWeights[std::clamp(nice, -20, 19) + 20];
}

int64_t virtual_time(int64_t delta, Entity& e) {
  if (e.weight == kNice0Load) return delta;
  if (e.inverse_weight == 0) e.inverse_weight = static_cast<uint32_t>(0xffffffff / scaled_weight(e));
  return static_cast<int64_t>((Wide{delta} * 1024 * e.inverse_weight) >> 32);
}

int64_t real_time(int64_t virtual_delta, const Entity& e) {
  if (e.weight == kNice0Load) return virtual_delta;
  return static_cast<int64_t>((Wide{virtual_delta} * scaled_weight(e) + 1023) / 1024) + 1;
}

void set_weight(Entity& e, int64_t weight) {
  e.weight = weight;
  e.inverse_weight = 0;
}

int64_t avg_vruntime(const CfsRq& rq) {
  auto [w_vruntime, weight] = sums(rq);
  if (weight == 0) return rq.min_vruntime;
  if (w_vruntime < 0) w_vruntime -= weight - 1;  // round down
  bool small = w_vruntime >= INT64_MIN && w_vruntime <= INT64_MAX;
  int64_t avg = small ? static_cast<int64_t>(w_vruntime) / weight : static_cast<int64_t>(w_vruntime / weight);
  return rq.min_vruntime + avg;
}

bool vruntime_eligible(const CfsRq& rq, int64_t vruntime) {
  auto [w_vruntime, weight] = sums(rq);
  return w_vruntime >= Wide{distance(rq, vruntime)} * weight;
}

int64_t min_slice(const CfsRq& rq) {
  int64_t least = INT64_MAX;
  if (rq.curr && rq.curr->on_rq) least = rq.curr->slice;
  if (rq.root) least = std::min(least, rq.root->min_slice);
  return least;
}

void update_min_vruntime(CfsRq& rq) {
  const Entity* curr = rq.curr && rq.curr->on_rq ? rq.curr : nullptr;
  if (!curr && !rq.root) return;
  int64_t least = INT64_MAX;
  if (curr) least = curr->vruntime;
  if (rq.root) least = std::min(least, rq.root->min_vruntime);
  int64_t delta = least - rq.min_vruntime;
  if (delta <= 0) return;
  rq.sum_w_vruntime -= Wide{rq.sum_weight} * delta;
  rq.min_vruntime = least;
}

void enqueue_waiting(CfsRq& rq, Entity& e) {
  int64_t weight = scaled_weight(e);
  rq.sum_w_vruntime += Wide{distance(rq, e.vruntime)} * weight;
  rq.sum_weight += weight;
  tree::insert(rq.root, e);
}

void dequeue_waiting(CfsRq& rq, Entity& e) {
  tree::erase(rq.root, e);
  int64_t weight = scaled_weight(e);
  rq.sum_w_vruntime -= Wide{distance(rq, e.vruntime)} * weight;
  rq.sum_weight -= weight;
}

void account_enqueue(CfsRq& rq, Entity& e) {
  rq.load += e.weight;
  ++rq.nr_queued;
}

void account_dequeue(CfsRq& rq, Entity& e) {
  rq.load -= e.weight;
  --rq.nr_queued;
}

void clear_buddies(CfsRq& rq, const Entity& e) {
  for (Entity** buddy : {&rq.next, &rq.last, &rq.skip})
    if (*buddy == &e) *buddy = nullptr;
}

}  // namespace simsched::fair

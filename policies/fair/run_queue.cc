#include "policies/fair/run_queue.h"

namespace simsched::fair {

int64_t nice_weight(int nice) {
  static constexpr int32_t kWeights[40] = {
      88761, 71755, 56483, 46273, 36291, 29154, 23254, 18705, 14949, 11916,  // -20 .. -11
      9548,  7620,  6100,  4904,  3906,  3121,  2501,  1991,  1586,  1277,   // -10 .. -1
      1024,  820,   655,   526,   423,   335,   272,   215,   172,   137,    // 0 .. 9
      110,   87,    70,    56,    45,    36,    29,    23,    18,    15};    // 10 .. 19
  return kWeights[std::clamp(nice, -20, 19) + 20];
}

int64_t avg_vruntime(const CfsRq& rq) {
  if (rq.sum_weight == 0) {  // nobody waits
    const Entity* curr = queued_curr(rq);
    return curr ? curr->vruntime : rq.min_vruntime;
  }
  auto [w_vruntime, weight] = weighted_sum(rq);
  if (w_vruntime < 0) w_vruntime -= weight - 1;  // round down
  bool small = w_vruntime >= INT64_MIN && w_vruntime <= INT64_MAX;
  int64_t avg = small ? static_cast<int64_t>(w_vruntime) / weight : static_cast<int64_t>(w_vruntime / weight);
  return rq.min_vruntime + avg;
}

}  // namespace simsched::fair

// How far two distributions of latencies are from each other.
#pragma once

#include <cstdint>
#include <vector>

#include "base/units.h"

namespace simsched {

// The mean, over all quantiles, of how far ln(latency) of the one is from that of the other, in millionths (the
// Wasserstein distance of ln): 95,310 is 10 % everywhere, or 21 % for half of them. Latencies below 0.5 us count as
// that. Both sorted. 0 when both are empty; against an empty one, as if that had 0.5 us.
int64_t latency_distance_ppm(const std::vector<Nanos>& a, const std::vector<Nanos>& b);

}  // namespace simsched

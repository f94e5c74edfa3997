// Exponentially distributed times, in integers alone: the same everywhere.
#pragma once

#include <cstdint>

#include "base/rng.h"

namespace simsched {

// -mean * ln(u) for a u that is uniform in (0, 1]; `mean` is 0 to 2^46 (19 hours in ns).
int64_t exponential(int64_t mean, Rng& rng);

}  // namespace simsched

// Times as they were measured: what is drawn is distributed like the sample, and has its mean.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/rng.h"

namespace simsched {

struct Distribution {
  int64_t mean = 0;  // ns
  std::vector<int64_t>
      quantiles;  // ns, ascending: the smallest, at equal steps on, the largest. Empty: always the mean

  static constexpr size_t kMost = 33;  // quantiles that are kept of a sample

  // Sorts `sample`, which may be empty: that of nothing is 0.
  static Distribution of(std::vector<int64_t>& sample);

  // At `rank`, of 2^32: between quantiles it is linear. At least 0.
  int64_t at(uint32_t rank) const;
  int64_t draw(Rng& rng) const { return at(static_cast<uint32_t>(rng.next() >> 32)); }

  friend bool operator==(const Distribution&, const Distribution&) = default;
};

}  // namespace simsched

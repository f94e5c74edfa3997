#include "base/histogram.h"

namespace simsched {

uint64_t Histogram::lowest(size_t bucket) {
  if (bucket < 512) return bucket;
  size_t shift = bucket / 256 - 1;
  return (bucket - shift * 256) << shift;
}

Nanos Histogram::quantile(int per_mille) const {
  if (count_ == 0) return Nanos(0);
  uint64_t rank = (count_ * static_cast<uint64_t>(per_mille) + 999) / 1000;
  if (rank == 0) rank = 1;
  uint64_t seen = 0;
  for (size_t i = 0; i < counts_.size(); ++i) {
    seen += counts_[i];
    if (seen >= rank) return Nanos(static_cast<int64_t>(lowest(i)));
  }
  return max_;
}

}  // namespace simsched

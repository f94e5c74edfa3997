#include "base/histogram.h"

namespace simsched {

uint64_t Histogram::lowest(size_t bucket) {
  if (bucket < 512) return bucket;
  size_t shift = bucket / 256 - 1;
  return (bucket - shift * 256) << shift;
}

Histogram& Histogram::operator+=(const Histogram& other) {
  if (counts_.size() < other.counts_.size()) counts_.resize(other.counts_.size());
  for (size_t i = 0; i < other.counts_.size(); ++i) counts_[i] += other.counts_[i];
  count_ += other.count_;
  sum_ += other.sum_;
  if (other.max_ > max_) max_ = other.max_;
  return *this;
}

Nanos Histogram::quantile_ppm(int ppm) const {
  if (count_ == 0) return Nanos(0);
  uint64_t rank = (count_ * static_cast<uint64_t>(ppm) + 999'999) / 1'000'000;
  if (rank == 0) rank = 1;
  uint64_t seen = 0;
  for (size_t i = 0; i < counts_.size(); ++i) {
    seen += counts_[i];
    if (seen >= rank) return Nanos(static_cast<int64_t>(lowest(i)));
  }
  return max_;
}

}  // namespace simsched

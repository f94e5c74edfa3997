// A histogram of durations with a relative precision of 1/256, for quantiles without keeping samples:
// exact below 512 ns, then 256 buckets an octave.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/units.h"

namespace simsched {

class Histogram {
 public:
  void add(Nanos value) {
    uint64_t v = value.count() < 0 ? 0 : static_cast<uint64_t>(value.count());
    size_t at = bucket(v);
    if (at >= counts_.size()) counts_.resize(at + 1);
    ++counts_[at];
    ++count_;
    sum_ += value;
    if (value > max_) max_ = value;
  }

  uint64_t count() const { return count_; }
  Nanos sum() const { return sum_; }
  Nanos max() const { return max_; }
  Nanos mean() const { return count_ ? sum_ / static_cast<int64_t>(count_) : Nanos(0); }
  // Nearest-rank quantile, `per_mille` 0..1000, as the lowest value of its bucket; 0 when empty.
  Nanos quantile(int per_mille) const { return quantile_ppm(per_mille * 1000); }
  Nanos quantile_ppm(int ppm) const;  // of a million
  Histogram& operator+=(const Histogram& other);

 private:
  static size_t bucket(uint64_t v) {
    if (v < 512) return static_cast<size_t>(v);
    int shift = static_cast<int>(std::bit_width(v)) - 9;  // v >> shift is in [256, 512)
    return static_cast<size_t>(shift) * 256 + static_cast<size_t>(v >> shift);
  }
  static uint64_t lowest(size_t bucket);

  std::vector<uint64_t> counts_;
  uint64_t count_ = 0;
  Nanos sum_, max_;
};

}  // namespace simsched

// Jain's index of fairness: (sum x)^2 / (n sum x^2), 1 when all shares x are alike, 1/n when one has everything.
#pragma once

#include <cstdint>

#include "base/int128.h"
#include "base/units.h"

namespace simsched {

class JainIndex {
 public:
  // One share, `got` of `wanted` > 0, kept in parts of 2^16.
  void add(Nanos got, Nanos wanted) {
    auto share = static_cast<uint64_t>((static_cast<Int128>(got.count()) << 16) / wanted.count());
    sum_ += share;
    squares_ += static_cast<Uint128>(share) * share;
    ++count_;
  }
  // In millionths; of nothing, or of nothings, 1,000,000.
  int64_t ppm() const {
    return squares_ == 0 ? 1000000 : static_cast<int64_t>(sum_ * sum_ * 1000000 / (squares_ * count_));
  }

 private:
  Uint128 sum_ = 0, squares_ = 0;
  uint64_t count_ = 0;
};

}  // namespace simsched

// A duration that varies: five quantiles (minimum, quarter, median, three quarters, maximum) that a
// sample is drawn between, straight from one to the next. One number is a constant.
#pragma once

#include <array>
#include <cstddef>

#include "base/rng.h"
#include "base/units.h"

namespace simsched {

struct Spread {
  std::array<Nanos, 5> quantiles;

  constexpr Spread() = default;
  constexpr Spread(Nanos constant) : quantiles{constant, constant, constant, constant, constant} {}
  constexpr Spread(Nanos q0, Nanos q25, Nanos q50, Nanos q75, Nanos q100) : quantiles{q0, q25, q50, q75, q100} {}

  Nanos sample(Rng& rng) const {
    if (quantiles.front() == quantiles.back()) return quantiles.front();
    auto u = static_cast<int64_t>(rng.below(4 << 16));
    Nanos low = quantiles[static_cast<size_t>(u >> 16)], high = quantiles[static_cast<size_t>(u >> 16) + 1];
    return low + (high - low) * (u & 0xffff) / (1 << 16);
  }
  Nanos median() const { return quantiles[2]; }
  friend bool operator==(const Spread&, const Spread&) = default;
};

}  // namespace simsched

// Functions of real numbers with the same bits on any computer: a C library's differ by its version, and by what the
// processor can do. Made of additions, multiplications, divisions and square roots, which IEEE 754 defines exactly; the
// room is compiled without contraction of them.
#pragma once

#include <cmath>
#include <cstdint>

#include "base/exact_log.h"
#include "base/rng.h"

namespace simsched::search {

// e to the power of x, for |x| up to 700, to about 1e-13 of it.
inline double exp(double x) {
  const double n = std::floor(x * 1.4426950408889634 + 0.5);
  const double r = x - n * 0.69314718055994531;  // at most 0.347
  double sum = 1;
  for (int k = 16; k >= 1; --k) sum = 1 + sum * r / k;
  return std::ldexp(sum, static_cast<int>(n));
}

// Uniform in [0, 1), in steps of 2^-53.
inline double uniform(Rng& rng) { return static_cast<double>(rng.next() >> 11) * 0x1p-53; }

// Of mean 0 and variance 1, and as good as normal for a search: the sum of twelve uniform ones, which ends at 6.
inline double normal(Rng& rng) {
  double sum = -6;
  for (int i = 0; i < 12; ++i) sum += uniform(rng);
  return sum;
}

}  // namespace simsched::search

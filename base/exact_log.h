// A logarithm with the same bits on any computer: a C library's differ by its version, and by what the processor can do.
// Made of what IEEE 754 defines exactly; who includes it is compiled without contraction.
#pragma once

#include <bit>
#include <cstdint>

namespace simsched {

// The natural logarithm of a positive finite number, to about 1e-15 of it.
inline double exact_log(double x) {
  auto bits = std::bit_cast<uint64_t>(x);
  auto exponent = static_cast<int>(bits >> 52) - 1022;
  double m = std::bit_cast<double>((bits & 0xfffffffffffffULL) | 0x3fe0000000000000ULL);  // 0.5 <= m < 1
  if (m < 0.70710678118654752) m *= 2, --exponent;
  const double t = (m - 1) / (m + 1), tt = t * t;
  double sum = 0;
  for (int k = 23; k >= 1; k -= 2) sum = sum * tt + 1.0 / k;
  return 2 * t * sum + exponent * 0.69314718055994531;
}

}  // namespace simsched

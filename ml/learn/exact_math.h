// Functions of single precision with the same bits on any x86-64 computer: a C library's differ by its version, and by
// what the processor can do. Additions, multiplications and divisions only, without a branch, so that compilers work on
// several values at once; the room is compiled without contraction of them.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

#include "base/exact_log.h"

namespace simsched::ml {

// e to the power of x to about 2e-7 of it; x is taken within -80 and 80.
inline float exp_of(float x) {
  x = std::min(std::max(x, -80.0f), 80.0f);
  const float scaled = x * 1.44269504f;
  const auto n = static_cast<int32_t>(scaled + (scaled < 0 ? -0.5f : 0.5f));
  const auto whole = static_cast<float>(n);
  const float r = (x - whole * 0.693359375f) + whole * 2.12194440e-4f;  // ln 2 in two parts
  float sum = 1.0f / 720;
  for (float over : {1.0f / 120, 1.0f / 24, 1.0f / 6, 0.5f, 1.0f, 1.0f}) sum = sum * r + over;
  return sum * std::bit_cast<float>((n + 127) << 23);
}

inline float sigmoid_of(float x) { return 1.0f / (1.0f + exp_of(-x)); }
inline float tanh_of(float x) { return 1.0f - 2.0f / (exp_of(2.0f * x) + 1.0f); }

}  // namespace simsched::ml

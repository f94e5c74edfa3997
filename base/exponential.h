// Exponentially distributed numbers in integers: the same on every compiler and machine.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "base/int128.h"
#include "base/rng.h"

namespace simsched {
namespace exponential_detail {

constexpr int kTableBits = 8;
constexpr uint64_t kLn2 = 2977044472;  // of 2^32

// log2 of x / 2^63 in [1, 2), of 2^32, bit by bit: squaring doubles the logarithm.
constexpr uint64_t log2_of(uint64_t x) {
  uint64_t log = 0;
  for (int bit = 31; bit >= 0; --bit) {
    const auto square = static_cast<Uint128>(x) * x >> 63;
    log = log << 1 | static_cast<uint64_t>(square >> 64);
    x = static_cast<uint64_t>(square >> (square >> 64 ? 1 : 0));
  }
  return log;
}

// ln(1 + i / 256), of 2^32.
constexpr auto kLogs = [] {
  std::array<uint64_t, (1 << kTableBits) + 1> logs{};
  for (size_t i = 0; i + 1 < logs.size(); ++i)
    logs[i] =
        static_cast<uint64_t>(static_cast<Uint128>(log2_of((uint64_t{1} << 63) + (uint64_t{i} << 55))) * kLn2 >> 32);
  logs.back() = kLn2;
  return logs;
}();

}  // namespace exponential_detail

// With mean 1, of 2^32: -ln of a uniform number, from a table with lines between its points (2e-6 off at most).
inline uint64_t exponential(Rng& rng) {
  using namespace exponential_detail;
  uint64_t uniform = rng.next() | 1;
  const auto zeros = static_cast<uint64_t>(std::countl_zero(uniform));
  uniform <<= zeros;
  const auto at = static_cast<size_t>(uniform << 1 >> (64 - kTableBits));
  const uint64_t between = uniform << (1 + kTableBits) >> 32;
  const uint64_t log = kLogs[at] + ((kLogs[at + 1] - kLogs[at]) * between >> 32);
  return (zeros + 1) * kLn2 - log;
}

// With another mean, which is not negative.
inline int64_t exponential(int64_t mean, Rng& rng) {
  return static_cast<int64_t>(static_cast<Uint128>(exponential(rng)) * static_cast<uint64_t>(mean) >> 32);
}

}  // namespace simsched

#include "workloads/exponential.h"

#include <bit>

#include "base/error.h"
#include "base/int128.h"

namespace simsched {
namespace {

constexpr int64_t kLn2 = 2'977'044'472;  // ln(2) * 2^32, rounded

// log2(value) * 2^32, rounded down: the whole part is the highest bit; the fraction comes bit by bit from squaring what
// is left, which is 1 to 2.
int64_t log2_fixed(uint64_t value) {
  const int highest = static_cast<int>(std::bit_width(value)) - 1;
  uint64_t rest = value << (63 - highest);  // 2^63 is 1
  int64_t result = int64_t{highest} << 32;
  for (int bit = 31; bit >= 0; --bit) {
    const Uint128 square = static_cast<Uint128>(rest) * rest;
    const bool two = static_cast<bool>(square >> 127);
    rest = static_cast<uint64_t>(square >> (two ? 64 : 63));
    if (two) result |= int64_t{1} << bit;
  }
  return result;
}

}  // namespace

int64_t exponential(int64_t mean, Rng& rng) {
  SIMSCHED_CHECK(mean >= 0 && mean <= int64_t{1} << 46, "the mean of exponential times is out of range");
  const uint64_t uniform = rng.next() >> 1;  // 0 to 2^63 - 1
  const int64_t halvings = (int64_t{63} << 32) - log2_fixed(uniform + 1);
  return static_cast<int64_t>(static_cast<Int128>(mean) * halvings * kLn2 >> 64);
}

}  // namespace simsched

// Random numbers that are the same on every compiler and machine: SplitMix64 (Steele, Lea, Flood,
// OOPSLA 2014). A stream can be split per task or per purpose, so that adding a consumer does not
// shift the numbers of the others.
#pragma once

#include <cstdint>

#include "base/int128.h"

namespace simsched {

class Rng {
 public:
  explicit Rng(uint64_t seed = 0) : state_(seed) {}

  uint64_t next() {
    state_ += 0x9e3779b97f4a7c15;
    return mix(state_);
  }
  // Uniform in [0, bound); bound > 0. Multiply-shift: the bias is below 2^-32 for the bounds used here.
  uint64_t below(uint64_t bound) { return static_cast<uint64_t>((static_cast<Uint128>(next()) * bound) >> 64); }
  // Uniform in [low, high].
  int64_t between(int64_t low, int64_t high) {
    // Unsigned throughout: high - low may exceed the signed range; a span of 0 is all 2^64 values.
    uint64_t span = static_cast<uint64_t>(high) - static_cast<uint64_t>(low) + 1;
    return static_cast<int64_t>(static_cast<uint64_t>(low) + (span != 0 ? below(span) : next()));
  }
  // An independent stream named by `stream`; does not advance this one.
  Rng split(uint64_t stream) const { return Rng(mix(state_ ^ mix(stream + 0x632be59bd9b4e019))); }

 private:
  static uint64_t mix(uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  uint64_t state_;
};

}  // namespace simsched

// How fast a CPU gets on with the work of its task: a product of factors, each with its cause, in integers.
//
// Time that is lost is split among the causes by telescoping: of a stretch of time, the first factor leaves a part, the
// second a part of that, and so on; what each takes off is lost to its cause, what the last one leaves is work done. The
// rounding of every part is carried to the next stretch, so that the split is the same however often it is made.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/units.h"
#include "sim/accounting.h"

namespace simsched {

// In the order in which they take their part.
enum class Factor : uint8_t { kCore, kFrequency, kSmt, kMemory };
inline constexpr Cause kLostTo[] = {Cause::kCapacity, Cause::kFrequency, Cause::kSmt, Cause::kMemory};
inline constexpr size_t kNrFactors = std::size(kLostTo);

constexpr int kFactorShift = 10;  // a factor is 1..1024, of 1024
constexpr uint32_t kFullFactor = 1u << kFactorShift;
constexpr int kSpeedShift = 20;   // a speed is of 2^20
constexpr uint32_t kFullSpeed = 1u << kSpeedShift;

class Speed {
 public:
  Speed() { set({kFullFactor, kFullFactor, kFullFactor, kFullFactor}); }

  // By Factor. Whether the speed is another now; it is never 0.
  bool set(const std::array<uint32_t, kNrFactors>& factors);
  uint32_t total() const { return after_[kNrFactors - 1]; }  // reference work a time
  bool full() const { return total() == kFullSpeed; }
  // What the first factors up to this one leave.
  uint32_t after(size_t factor) const { return after_[factor]; }

 private:
  std::array<uint32_t, kNrFactors> after_{};
};

// Of a task: what the last stretch left of a nanosecond, by factor, of 2^20.
using Fractions = std::array<uint32_t, kNrFactors>;

// A task runs at `speed` for `stretch`: the work that it gets done. Adds what it loses to `time`.
Work progress(const Speed& speed, Nanos stretch, Fractions& fractions, TaskTime& time);

// How long it takes at `speed` until progress() has answered `work` in all; 0 for no work.
Nanos time_for(Work work, const Speed& speed, const Fractions& fractions);

}  // namespace simsched

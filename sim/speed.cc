#include "sim/speed.h"

#include <algorithm>

#include "base/int128.h"

namespace simsched {

bool Speed::set(const std::array<uint32_t, kNrFactors>& factors) {
  const uint32_t before = total();
  uint64_t left = kFullSpeed;
  for (size_t i = 0; i < kNrFactors; ++i) {
    left = std::max<uint64_t>(1, left * factors[i] >> kFactorShift);
    after_[i] = static_cast<uint32_t>(left);
  }
  return total() != before;
}

Work progress(const Speed& speed, Nanos stretch, Fractions& fractions, TaskTime& time) {
  if (speed.full()) return Work(stretch.count());
  int64_t left = stretch.count();
  for (size_t i = 0; i < kNrFactors; ++i) {
    auto units = static_cast<Uint128>(stretch.count()) * speed.after(i) + fractions[i];
    fractions[i] = static_cast<uint32_t>(units & (kFullSpeed - 1));
    auto leaves = static_cast<int64_t>(units >> kSpeedShift);
    time[kLostTo[i]] += Nanos(left - leaves);
    left = leaves;
  }
  return Work(left);
}

Nanos time_for(Work work, const Speed& speed, const Fractions& fractions) {
  if (speed.full() || work == Work(0)) return Nanos(work.count());
  auto units = (static_cast<Uint128>(work.count()) << kSpeedShift) - fractions[kNrFactors - 1];
  return Nanos(static_cast<int64_t>((units + speed.total() - 1) / speed.total()));
}

}  // namespace simsched

// Quantities with a unit, so that a time is never added to an amount of work by mistake.
//
// Nanos  simulated time or a duration, in nanoseconds. Time zero is the start of the simulation.
// Work   computation, in reference-nanoseconds: the time it takes on the fastest core of the
//        machine at its top frequency, warm, local and alone.
//
// Both are 64-bit integers: nothing that decides an outcome uses floating point.
#pragma once

#include <compare>
#include <cstdint>
#include <limits>

namespace simsched {

template <class Unit>
class Quantity {
 public:
  constexpr Quantity() = default;
  constexpr explicit Quantity(int64_t count) : count_(count) {}

  constexpr int64_t count() const { return count_; }
  static constexpr Quantity max() { return Quantity(std::numeric_limits<int64_t>::max()); }

  friend constexpr auto operator<=>(Quantity, Quantity) = default;
  friend constexpr Quantity operator+(Quantity a, Quantity b) { return Quantity(a.count_ + b.count_); }
  friend constexpr Quantity operator-(Quantity a, Quantity b) { return Quantity(a.count_ - b.count_); }
  friend constexpr Quantity operator-(Quantity a) { return Quantity(-a.count_); }
  friend constexpr Quantity operator*(Quantity a, int64_t k) { return Quantity(a.count_ * k); }
  friend constexpr Quantity operator*(int64_t k, Quantity a) { return Quantity(a.count_ * k); }
  friend constexpr Quantity operator/(Quantity a, int64_t k) { return Quantity(a.count_ / k); }
  friend constexpr int64_t operator/(Quantity a, Quantity b) { return a.count_ / b.count_; }
  friend constexpr Quantity operator%(Quantity a, Quantity b) { return Quantity(a.count_ % b.count_); }
  constexpr Quantity& operator+=(Quantity b) { count_ += b.count_; return *this; }
  constexpr Quantity& operator-=(Quantity b) { count_ -= b.count_; return *this; }

 private:
  int64_t count_ = 0;
};

using Nanos = Quantity<struct NanosUnit>;
using Work = Quantity<struct WorkUnit>;

constexpr Nanos operator""_ns(unsigned long long v) { return Nanos(static_cast<int64_t>(v)); }
constexpr Nanos operator""_us(unsigned long long v) { return Nanos(static_cast<int64_t>(v) * 1000); }
constexpr Nanos operator""_ms(unsigned long long v) { return Nanos(static_cast<int64_t>(v) * 1000000); }
constexpr Nanos operator""_s(unsigned long long v) { return Nanos(static_cast<int64_t>(v) * 1000000000); }

}  // namespace simsched

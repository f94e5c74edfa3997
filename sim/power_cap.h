// PowerCap: the highest frequency at which a machine may run, so that its power stays within its PowerLimit and its
// temperature at the trip of its ThermalZone. Integers only; of the machine's power it is told every kPowerPeriod.
//
// Limit: as long as the running mean is well below PL1, PL2 may be taken; what is left of that shrinks as the mean
// comes near, so that it stays at PL1 in the end. What a period takes more or less than it should is made up for by the
// next. Heat: one exponential, exact for power that is constant over a period; the cap goes down by a step with each
// look while it is too hot and not cooling, and up by one while it is cool (step_wise of drivers/thermal/, Linux 6.12).
#pragma once

#include <cstdint>
#include <functional>

#include "base/units.h"
#include "topology/power_limit.h"

namespace simsched {

constexpr Nanos kPowerPeriod = 4_ms;
constexpr int64_t kCapStepMhz = 100;

class PowerCap {
 public:
  PowerCap() = default;
  // `top_mhz`: the highest frequency of any core; `low_mhz`: no cap is below.
  PowerCap(const PowerLimit& limit, const ThermalZone& zone, int64_t low_mhz, int64_t top_mhz);

  // The machine took `power_uw` in the last period; `power_at(mhz)`: what it would take now, capped there.
  void update(int64_t power_uw, const std::function<int64_t(int64_t)>& power_at);

  int64_t mhz() const;
  int64_t thermal_mhz() const { return thermal_mhz_; }  // what of it is for the heat
  int64_t mean_uw() const { return mean_ >> kFraction; }
  int64_t temperature_mc() const { return temperature_ >> kFraction; }
  int64_t highest_mc() const { return highest_ >> kFraction; }

 private:
  static constexpr int kFraction = 16;  // bits behind the point

  PowerLimit limit_;
  ThermalZone zone_;
  int64_t low_mhz_ = 0, top_mhz_ = 0;
  int64_t limit_mhz_ = 0, thermal_mhz_ = 0;
  int64_t mean_gain_ = 0, heat_gain_ = 0;  // 1 - e^(-period/tau), of 2^32
  int64_t mean_ = 0, credit_uw_ = 0;
  int64_t temperature_ = 0, highest_ = 0, last_look_ = 0;
  int64_t periods_ = 0;
};

// 1 - e^(-part/whole) of 2^32, for a part that is no more than the whole.
int64_t approach(Nanos part, Nanos whole);

}  // namespace simsched

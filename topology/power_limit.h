// What keeps a machine from taking more power than its supply and its cooling bear. Facts only; what follows of them is
// the engine's (sim/power_cap.h).
#pragma once

#include <cstdint>

#include "base/units.h"

namespace simsched {

// Of all its cores and power domains together, as Intel's RAPL has it for a package: the running mean of the power over
// about `tau` stays at PL1; while it is lower, PL2 may be taken.
struct PowerLimit {
  int64_t pl1_uw = 0;  // 0: no limit
  int64_t pl2_uw = 0;
  Nanos tau = 28_s;

  bool on() const { return pl1_uw > 0; }
};

// One lump of heat that all power goes into, and a trip point at which it is throttled (a passive trip of the kernel's
// step_wise governor). Temperatures are in thousandths of a degree, as in /sys/class/thermal.
struct ThermalZone {
  int64_t resistance_mc = 0;  // how much warmer a watt makes it in the end; 0: not modelled
  Nanos tau = 10_s;           // by then it has come 1 - 1/e of the way
  int64_t ambient_mc = 25000;
  int64_t trip_mc = 95000;
  int64_t hysteresis_mc = 2000;

  bool on() const { return resistance_mc > 0; }
};

}  // namespace simsched

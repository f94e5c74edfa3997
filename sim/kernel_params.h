// What the simulated kernel was configured with, whatever the policy.
#pragma once

#include <cstdint>
#include <string>

#include "base/units.h"

namespace simsched {

enum class Preempt : uint8_t { kNone, kVoluntary, kFull, kLazy };

// Of frequency (cpufreq), and of idle states (cpuidle). kHaltpoll: as the machine's Costs say, whatever idle states it
// has: polled for a while, then halted.
enum class Governor : uint8_t { kPerformance, kPowersave, kOndemand, kSchedutil };
enum class IdleGovernor : uint8_t { kHaltpoll, kMenu, kTeo };
inline constexpr const char* kGovernorNames[] = {"performance", "powersave", "ondemand", "schedutil"};
inline constexpr const char* kIdleGovernorNames[] = {"haltpoll", "menu", "teo"};

struct KernelParams {
  std::string version = "6.12";
  int hz = 250;
  Preempt preempt = Preempt::kNone;
  bool autogroup = false;
  Nanos base_slice{0};  // 0: the version's default, scaled by the number of CPUs
  Governor governor = Governor::kPerformance;
  IdleGovernor idle_governor = IdleGovernor::kHaltpoll;

  Nanos tick() const { return Nanos(1000000000 / hz); }
  // Whether this kernel is at least major.minor.
  bool at_least(int major, int minor) const;
};

}  // namespace simsched

// At which frequencies CPUs run: the state of cpufreq's policies, one a power domain, and what their governors know.
// Modelled on kernel/sched/cpufreq_schedutil.c and drivers/cpufreq/, Linux 6.12.
//
// A governor is asked when the utilisation of a CPU changes (cpufreq_update_util()) and at its ticks. What it asks for
// holds after the latency of the machine's change of frequency, which takes no time from the CPU.
#pragma once

#include <cstdint>

#include "base/units.h"
#include "topology/machine.h"

namespace simsched {

// What a scheduling class wants of a CPU (effective_cpu_util() in kernel/sched/syscalls.c), of 1024 on the fastest one.
struct CpuDemand {
  static constexpr int64_t kUntracked = -1;
  int64_t util = 0;          // what its tasks use, estimated; kUntracked: it wants all while one of its tasks runs
  int64_t min = 0, max = 0;  // uclamp of those that are runnable: the largest of each; max 0: none is
};

// With a quarter to spare, within the clamps (sugov_effective_cpu_perf()).
constexpr int64_t effective_perf(int64_t util, int64_t min, int64_t max) {
  return std::max(min, std::min(max, util + util / 4));
}

// A wake-up from I/O asks for more, and again for twice as much while they come once a tick
// (sugov_iowait_boost() and sugov_iowait_apply()).
class IowaitBoost {
 public:
  void update(Nanos now, Nanos tick, bool iowait);
  // Of 1024 of the CPU's capacity.
  int64_t apply(Nanos now, Nanos tick);

 private:
  bool reset(Nanos now, Nanos tick, bool iowait);

  Nanos last_;
  int64_t boost_ = 0;
  bool pending_ = false;
};

// Of a CPU.
struct CpuFrequency {
  uint64_t idle_calls = 0, seen_idle_calls = 0;  // how often it went idle; at the last decision
  IowaitBoost iowait;
  // ondemand: at the last sample
  Nanos sampled_at, sampled_idle;
  int64_t last_load = 0;
};

// Of the CPUs of a power domain (struct cpufreq_policy).
struct FrequencyDomain {
  uint32_t opp = 0;      // at which it runs
  uint32_t wanted = 0;   // what was asked for last
  uint32_t granted = 0;  // what was asked for and has come into force; others, or a cap, may keep it from running there
  bool changing = false;  // it has not come into force yet
  Nanos asked = Nanos(-1'000'000'000'000);
  Nanos since;  // it runs at `opp`
};

// The lowest operating point of at least this frequency, or the highest.
uint32_t opp_at_least(const CoreType& type, int64_t khz);
// The nearest one (CPUFREQ_RELATION_C).
uint32_t opp_nearest(const CoreType& type, int64_t khz);
// cpufreq_policy_transition_delay_us()
Nanos transition_delay(const CoreType& type);
// How fast the core is at an operating point, of 1024 of its top speed.
uint32_t frequency_factor(const CoreType& type, uint32_t opp);

}  // namespace simsched

// All that changes of a Kernel while a simulation runs, and nothing else: copying this copies the kernel's part of a
// snapshot. Flat data without references to anything outside.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/cpu_set.h"
#include "base/rng.h"
#include "sim/agenda.h"
#include "sim/cpufreq.h"
#include "sim/cpuidle.h"
#include "sim/energy.h"
#include "sim/memory.h"
#include "sim/metrics.h"
#include "sim/power_cap.h"
#include "sim/task.h"
#include "sim/wasted_idle.h"

namespace simsched {

// What the stopper of a CPU is to do.
struct StopWork {
  uint8_t sched_class;  // whose stopper() to call, unless
  bool direct;          // the kernel itself moves the task (exec, affinity)
  MigrationKind kind;
  TaskId task;
  CpuId dest;
};

// On whose behalf something happens: a CPU, and there its task (or the kernel for it) or an interrupt.
struct Context {
  enum class By : uint8_t { kTask, kSoftIrq, kHardIrq };
  CpuId cpu{0};
  By by = By::kTask;
};

struct KernelState {
  Rng rng_, cost_rng_;
  Nanos now_;
  Nanos next_tick_;  // the first one after now, or one that is over; all CPUs tick together (no skew_tick)
  Context context_;
  Agenda agenda_;
  std::vector<Task> tasks_;
  std::vector<Occupancy> occupancy_;  // by CPU
  std::vector<Rq> rqs_;
  std::vector<std::vector<StopWork>> stop_work_;  // by CPU
  // By AffinityId: of the workload, then of the stoppers, then of tasks that may not have what they ask for.
  std::vector<CpuSet> wanted_affinities_;
  std::vector<CpuSet> affinities_;  // of them, those CPUs that are online
  bool all_online_ = true;
  std::vector<int32_t> group_settings_;  // by group: of Workload::settings; -1: its own
  std::vector<AffinityId> group_cpus_;   // by group: what it has, as its parents allow
  std::vector<Nanos> group_usage_;       // by group: CPU time of tasks in it, but for what they had since they came last
  std::vector<Nanos> usage_booked_;      // by task: of its CPU time, what is there already
  size_t nr_throttled_ = 0;              // tasks
  size_t recurring_changes_ = 0;         // of the pending events
  Memory memory_;
  size_t class_timers_ = 0, frequency_changes_ = 0;  // of the pending events
  std::vector<FrequencyDomain> frequency_domains_;   // by power domain
  std::vector<CpuFrequency> cpu_frequencies_;        // by CPU; empty: no governor changes a frequency
  std::vector<Nanos> opp_times_;                     // by power domain, then by operating point
  std::vector<CpuSleep> sleeps_;                     // by CPU; empty: no governor chooses idle states
  EnergyMeter energy_;
  PowerCap power_cap_;
  Femtojoules capped_energy_ = 0;  // used up to the last look at it
  Metrics metrics_;
  WastedIdle wasted_;
};

}  // namespace simsched

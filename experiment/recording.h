// A recording with all that it takes to replay it.
#pragma once

#include <string>

#include "base/progress.h"
#include "experiment/policy_config.h"
#include "replay/build_workload.h"
#include "sim/kernel_params.h"
#include "sim/results.h"
#include "topology/machine.h"
#include "traces/sched_trace.h"
#include "workloads/workload.h"

namespace simsched {

struct Recording {
  SchedTrace trace;
  Machine machine;      // that it was recorded on
  KernelParams kernel;  // that it was recorded under
  Workload workload;
  BuildReport report;
};

// `recorded`: the sidecar; empty: the one beside it. `machine`: instead of the one the sidecar names, when not
// empty. `limit`: only so much from the start. `progress` counts bytes.
Recording load_recording(const std::string& path, const std::string& recorded = {}, const std::string& machine = {},
                         Nanos limit = Nanos::max(), const Progress& progress = {});

struct Replay {
  SchedTrace trace;
  RunResult result;
};

// What happens when `policy` schedules it on its own machine and kernel. Throws Error for a
// tunable that does not exist.
Replay replay_recording(const Recording& recording, const PolicyConfig& policy, uint64_t seed);

// Throws Error (where: `where`) for a preempt mode that does not exist.
KernelParams kernel_of(const Circumstances& circumstances, const std::string& where);

// The kernel scales its base slice with 1 + log2(min(CPUs, 8)) (kernel/sched/fair.c, get_update_sysctl_factor):
// what a slice for `from` CPUs is with `to` of them.
Nanos scale_base_slice(Nanos slice, size_t from, size_t to);

}  // namespace simsched

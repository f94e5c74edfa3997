// A recording with all that it takes to replay it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/progress.h"
#include "experiment/policy_config.h"
#include "replay/build_workload.h"
#include "sim/kernel_params.h"
#include "sim/results.h"
#include "topology/machine.h"
#include "traces/sched_trace.h"
#include "workloads/workload.h"

namespace simsched {

// How it is known on which machine a recording was made.
enum class MachineSource : uint8_t {
  kTold,     // by its sidecar, or by the user
  kHead,     // the recording's own head describes it
  kHost,     // nobody told: assumed to be this computer
  kUnknown,  // nobody told, and it was not this computer: taken to be so many equal CPUs
};

struct Recording {
  SchedTrace trace;
  Machine machine;      // that it was recorded on
  KernelParams kernel;  // that it was recorded under
  Workload workload;
  BuildReport report;
  MachineSource machine_source = MachineSource::kTold;
};

// `recorded`: the sidecar; empty: the one beside it. `machine`: instead of the one the sidecar names, when not
// empty. `limit`: only so much from the start. `progress` counts bytes. Throws Error when the machine has fewer CPUs
// than the recording, and when nobody tells it and it cannot be this computer, unless `machine_may_be_unknown`.
Recording load_recording(const std::string& path, const std::string& recorded = {}, const std::string& machine = {},
                         Nanos limit = Nanos::max(), const Progress& progress = {},
                         bool machine_may_be_unknown = false);

// What nobody told of how it was recorded, and is assumed: "HZ=250" and so on; of the machine in words.
std::vector<std::string> assumptions(const Recording& recording);

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

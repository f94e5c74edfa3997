// What a scheduler that runs says of itself: its own counters and the kernel's.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "scx_port/live/kernel_object.h"
#include "scx_port/live/live_host.h"
#include "scx_port/live/program_costs.h"

namespace simsched::live {

using Counters = std::vector<std::pair<std::string, int64_t>>;

// Those of the user-space half; without one the map `stats`, summed over CPUs: by the members of its struct, or by
// index.
Counters policy_counters(KernelObject& object, LiveHost& host, UserHalf* half);
// /sys/kernel/sched_ext/root/events, where the kernel has it (6.15).
Counters kernel_events();

struct Statistics {
  std::string policy;
  int64_t uptime_ms;
  Counters counters, events;
  std::vector<ProgramCost> costs;  // empty unless asked for
  Counters extra;  // decisions logged and lost, version of the model, restarts
};
std::string to_json(const Statistics& statistics);                            // one line
std::string to_text(const Statistics& statistics, const Statistics* before);  // a few lines; what is new since then

}  // namespace simsched::live

// Writes a SchedTrace as a Perfetto protobuf trace: ftrace sched_switch / sched_waking / sched_wakeup_new /
// sched_migrate_task bundles by CPU, the process tree, and counter tracks. Opens in the Perfetto UI
// as a kernel trace would.
#pragma once

#include <string>
#include <vector>

#include "traces/sched_trace.h"

namespace simsched {

// A counter over time, drawn as its own track ("cpu0 nr_running").
struct CounterTrack {
  struct Sample {
    Nanos time;
    int64_t value;
  };
  std::string name;
  std::vector<Sample> samples;
};

std::string perfetto_bytes(const SchedTrace& trace, const std::vector<CounterTrack>& counters);

}  // namespace simsched

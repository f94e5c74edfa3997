// Writes a SchedTrace as a Perfetto protobuf trace: ftrace sched_switch / sched_waking / sched_wakeup_new /
// sched_migrate_task bundles by CPU, the process tree, counter tracks, and slices on the tracks of threads. Opens in
// the Perfetto UI as a kernel trace would.
#pragma once

#include <string>
#include <vector>

#include "traces/counter_track.h"
#include "traces/sched_trace.h"

namespace simsched {

// What a task was in for a while, drawn under its thread.
struct SliceTrack {
  struct Slice {
    Nanos begin, end;
    std::string name;
  };
  Pid pid;
  std::vector<Slice> slices;  // one after the other
};

std::string perfetto_bytes(const SchedTrace& trace, const std::vector<CounterTrack>& counters,
                           const std::vector<SliceTrack>& slices = {});

}  // namespace simsched

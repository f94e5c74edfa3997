// Tracks that follow from a trace, for the Perfetto writer.
#pragma once

#include <vector>

#include "topology/machine.h"
#include "traces/perfetto/perfetto_writer.h"
#include "traces/sched_trace.h"

namespace simsched {

// "cpuN nr_running" for every CPU: tasks running or waiting to run there, as the events tell.
std::vector<CounterTrack> nr_running_counters(const SchedTrace& trace);
// In which last-level cache of which node ("node 0, LLC 2") each task ran, from its first run there to its last.
std::vector<SliceTrack> places(const SchedTrace& trace, const Machine& machine);

}  // namespace simsched

// Counter tracks of a trace, for the Perfetto writer.
#pragma once

#include <vector>

#include "traces/perfetto/perfetto_writer.h"
#include "traces/sched_trace.h"

namespace simsched {

// "cpuN nr_running" for every CPU: tasks running or waiting to run there, as the events tell.
std::vector<CounterTrack> nr_running_counters(const SchedTrace& trace);

}  // namespace simsched

// Events whose time is damaged: one flipped bit makes a recording of 10 seconds one of months.
#pragma once

#include <vector>

#include "traces/sched_trace.h"

namespace simsched {

// Takes out of `per_cpu`, the events of each CPU in the order of the file, those that jump far away from the events
// around them and leave these where they were, and out of trace.power what lies far behind the end. They are counted in
// the trace's holes, and the first is named in its notes. `first`: the clock of the first event, which may change; what
// is earlier has no time of its own.
void leave_out_time_jumps(SchedTrace& trace, std::vector<std::vector<TraceEvent>>& per_cpu, Nanos& first);

}  // namespace simsched

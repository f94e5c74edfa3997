// Clocks of CPUs that disagree: on such a recording a task runs before it is woken.
#pragma once

#include "traces/sched_trace.h"

namespace simsched {

// Looks at what passes from one CPU to another, in events in time order. Where it takes negative time again and again,
// the clocks disagree: counted in holes.clock_conflicts, and the largest difference is estimated in the notes. Times
// stay as they are.
void check_clocks(SchedTrace& trace);

}  // namespace simsched

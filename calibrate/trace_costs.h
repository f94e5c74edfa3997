// What waking and switching cost on the machine and in the run that a recording is of.
#pragma once

#include <vector>

#include "calibrate/measured.h"
#include "topology/machine.h"
#include "traces/sched_trace.h"

namespace simsched {

// From each wake-up to the switch to the woken task, where its CPU did nothing else in between: by what woke it, and by
// what the CPU did then. One figure a kind that was seen kFewestSamples times, under the key of its cost. `costs`: of
// the machine, for what counts as having been idle for long.
std::vector<MeasuredCost> costs_of_trace(const SchedTrace& trace, const Costs& costs);

}  // namespace simsched

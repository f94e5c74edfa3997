// Figures of each task, and of all of a name, from the trace of a simulation: `output: {tasks: true}`.
#pragma once

#include "sim/results.h"
#include "traces/sched_trace.h"

namespace simsched {

// Fills RunResult::tasks and ::names of a run that recorded all of `trace`. Tasks appear in the order in which they
// began, names in alphabetical order.
void add_task_figures(const SchedTrace& trace, RunResult& result);

}  // namespace simsched

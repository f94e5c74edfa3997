// Switches that a recording lacks.
#pragma once

#include "traces/sched_trace.h"

namespace simsched {

// Puts in the switches that a recording lacks (some guests do not record sched_switch out of idle):
// a task that is seen running on a CPU whose last switch went to idle was switched in when its first
// sched_stat_runtime says. Marks them `inferred` and counts them in `holes`.
void complete_switches(SchedTrace& trace);

}  // namespace simsched

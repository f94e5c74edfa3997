// The last step of readers: events of all CPUs in one time order.
#pragma once

#include <vector>

#include "traces/sched_trace.h"

namespace simsched {

// Sets trace.events, origin, nr_cpus, the times of trace.power and the counts of clocks that went back. `first` is the clock of the
// first event that counts as the start: what is earlier (names of tasks already there) is moved to it.
// Order: time, then CPU, then as recorded.
void merge_events(SchedTrace& trace, std::vector<std::vector<TraceEvent>> per_cpu, Nanos first);

}  // namespace simsched

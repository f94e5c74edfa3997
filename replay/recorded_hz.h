// How often the recorded kernel ticked, by its recording.
#pragma once

#include <optional>

#include "traces/sched_trace.h"

namespace simsched {

// HZ of one of the kernels that there are (100, 250, 300, 1000): the lowest at whose period the accounts of ticks come
// at one phase. None: too few were recorded, or they come at none.
std::optional<int> recorded_hz(const SchedTrace& trace);

}  // namespace simsched

// Where time went by the names of tasks, recorded and simulated alike.
#pragma once

#include <map>
#include <string>

#include "traces/sched_trace.h"

namespace simsched {

struct NameTime {
  Nanos run;   // on a CPU
  Nanos wait;  // could have been, and was not: since its waking, or since it was preempted
};

// All of a task counts under the last name that it had, as a replay knows only that. A stretch whose begin was not
// recorded counts nothing, nor a wait whose end was not: that its task ran since may be what is missing.
std::map<std::string, NameTime> time_by_name(const SchedTrace& trace);

}  // namespace simsched

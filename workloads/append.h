// Workloads side by side.
#pragma once

#include "workloads/workload.h"

namespace simsched {

// Adds all that `from` has to `to`: its tasks, with what they run, wait for, talk through and are grouped in, come after
// those that are there, and know nothing of them. Its root group is theirs. Pids that are taken are moved out of the way.
// Returns the first of the new tasks.
TaskId append(Workload& to, const Workload& from);

}  // namespace simsched

// A Workload as a load for the guest (load/load_file.h): the same programs drive a kernel and a simulation.
#pragma once

#include <map>
#include <string>

#include "workloads/workload.h"

namespace simsched {

// As somebody would start it: a task "launch", the last, begins on CPU 0, forks those that would start by themselves,
// `gap` of work before each, and waits until those have ended that are not `background`.
Workload launched(Workload workload, Work gap);

// To fork, to replace a program and to exit takes an emulated kernel milliseconds, a simulated one nothing. Each task
// that forks or replaces its program has so much more to do, by its name: in equal parts before its forks, or at its
// start.
Workload with_costs(const Workload& launched, const std::map<std::string, Work>& costs);

// `workload` is launched. Throws Error for a task that does what the guest cannot: locks, messages, affinities, other
// policies.
std::string guest_load(const Workload& workload);

}  // namespace simsched

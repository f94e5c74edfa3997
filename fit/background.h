// The kernel threads beside a build. Private to fit/.
#pragma once

#include "fit/build_tree.h"
#include "workloads/build_model.h"

namespace simsched::fit {

// Those that timers and devices woke often enough to tell how often, and the work of those that start I/O.
void fit_background(const BuildTree& tree, BuildModel& model);

}  // namespace simsched::fit

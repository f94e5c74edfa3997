// What runs beside a build. Private to fit/.
#pragma once

#include "fit/build_tree.h"
#include "workloads/build_model.h"

namespace simsched::fit {

// The kernel threads, and the tasks that are none of `root` and its descendants, which timers and devices woke often
// enough to tell how often; and the work of those that start I/O. `length`: of the recording. Who slept for less than
// most of it came and went, and is left out.
void fit_background(const BuildTree& tree, TaskId root, Nanos length, BuildModel& model);

}  // namespace simsched::fit

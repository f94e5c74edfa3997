// From a recorded build to a model of it, which builds with any -j and any number of objects. docs/workloads.md says
// how.
#pragma once

#include <string>

#include "traces/sched_trace.h"
#include "workloads/build_model.h"
#include "workloads/workload.h"

namespace simsched {

struct BuildFit {
  BuildModel model;
  int64_t processes = 0;   // of the build
  int64_t work = 0;        // ns, of them
  int64_t other_work = 0;  // ns, of user tasks that are none of it: left out
};

// `workload` is what build_workload() made of `trace`. Throws Error (where: `where`) when there is no make in it.
BuildFit fit_build(const SchedTrace& trace, const Workload& workload, const std::string& where);

}  // namespace simsched

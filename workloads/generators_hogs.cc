// hogs: tasks that only compute, all from the start.
#include "workloads/generators.h"

namespace simsched {
namespace {

Workload make(const Params& params, const Rng& rng) {
  Workload workload;
  for (int64_t i = 0; i < params.count("tasks"); ++i) {
    Rng own = rng.split(static_cast<uint64_t>(i));
    Op work = op::compute(spread(params.work("work"), params.count("spread"), own));
    workload.add_task("hog", {&work, 1});
  }
  return workload;
}

}  // namespace

Generator hogs_generator() {
  using Unit = ParamInfo::Unit;
  return {{"hogs",
           "tasks that only compute",
           {{"tasks", Unit::kCount, 4, 1, kMostTasks, "how many"},
            {"work", Unit::kDuration, 1'000'000'000, 1, kLongest, "of each"},
            {"spread", Unit::kPercent, 0, 0, 100, "the work of each differs from that by up to this, by seed"}}},
          make};
}

}  // namespace simsched

// many_sleepers: any number of tasks that share one program: sleep, compute a little, again.
#include <array>

#include "workloads/generators.h"

namespace simsched {
namespace {

Workload make(const Params& params, const Rng&) {
  Workload workload;
  Nanos sleep = params.time("sleep");
  int64_t tasks = params.count("tasks");
  workload.tasks.reserve(static_cast<size_t>(tasks));
  workload.add_task(
      "sleeper", std::array{op::compute(params.work("work")), op::sleep(sleep), op::loop(0, params.count("rounds"))});
  // Evenly over the time of a sleep, so that they are woken one by one.
  for (int64_t i = 1; i < tasks; ++i) {
    workload.clone_task(TaskId(0));
    workload.tasks.back().start = sleep * i / tasks;
  }
  return workload;
}

}  // namespace

Generator many_sleepers_generator() {
  using Unit = ParamInfo::Unit;
  return {{"many_sleepers",
           "any number of tasks that sleep and compute a little, woken one by one",
           {{"tasks", Unit::kCount, 1000, 1, kMostTasks, "how many"},
            {"sleep", Unit::kDuration, 100'000'000, 1, kLongest, "between two computations"},
            {"work", Unit::kDuration, 20'000, 1, kLongest, "of a computation"},
            {"rounds", Unit::kCount, 10, 1, kMostRounds, "computations until a task ends"}}},
          make};
}

}  // namespace simsched

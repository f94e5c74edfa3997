// wake_storm: one task wakes any number of others at once, again and again.
#include <array>

#include "workloads/generators.h"

namespace simsched {
namespace {

Workload make(const Params& params, const Rng&) {
  Workload workload;
  int64_t tasks = params.count("tasks"), rounds = params.count("rounds");
  TokenId go(workload.nr_tokens++);
  workload.tasks.reserve(static_cast<size_t>(tasks) + 1);
  workload.add_task("waker", std::array{op::sleep(params.time("interval")), op::signal(go), op::loop(1, tasks, 0),
                                        op::loop(0, rounds, 1)});
  workload.add_task("woken", std::array{op::wait(go), op::compute(params.work("work")), op::loop(0, rounds)});
  for (int64_t i = 1; i < tasks; ++i) workload.clone_task(TaskId(1));
  return workload;
}

}  // namespace

Generator wake_storm_generator() {
  using Unit = ParamInfo::Unit;
  return {{"wake_storm",
           "one task wakes any number of others at once",
           {{"tasks", Unit::kCount, 1000, 1, kMostTasks - 1, "how many are woken"},
            {"interval", Unit::kDuration, 100'000'000, 1, kLongest, "from one storm to the next"},
            {"work", Unit::kDuration, 20'000, 1, kLongest, "of each that is woken"},
            {"rounds", Unit::kCount, 10, 1, kMostRounds, "storms"}}},
          make};
}

}  // namespace simsched

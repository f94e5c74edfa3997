// periodic: tasks that each compute once a period.
#include <vector>

#include "workloads/generators.h"

namespace simsched {
namespace {

Workload make(const Params& params, const Rng& rng) {
  Workload workload;
  Nanos period = params.time("period");
  int64_t jitter = params.count("jitter"), rounds = params.count("rounds");
  std::vector<Op> program{op::compute(params.work("work")), op::frame(period), op::sleep_period(period),
                          op::loop(0, rounds)};
  for (int64_t i = 0; i < params.count("tasks"); ++i) {
    Rng own = rng.split(static_cast<uint64_t>(i));
    if (jitter == 0 && i > 0) {
      workload.clone_task(TaskId(0));
    } else {
      if (jitter > 0) {
        program.clear();
        for (int64_t round = 0; round < rounds; ++round) {
          program.push_back(op::compute(spread(params.work("work"), jitter, own)));
          program.push_back(op::frame(period));
          program.push_back(op::sleep_period(period));
        }
      }
      workload.add_task("periodic", program);
    }
    if (params.count("phased") != 0)
      workload.tasks.back().start = Nanos(static_cast<int64_t>(own.below(static_cast<uint64_t>(period.count()))));
  }
  return workload;
}

}  // namespace

Generator periodic_generator() {
  using Unit = ParamInfo::Unit;
  return {
      {"periodic",
       "tasks that each compute once a period",
       {{"tasks", Unit::kCount, 4, 1, 10'000, "how many"},
        {"period", Unit::kDuration, 10'000'000, 1'000, kLongest, "of each"},
        {"work", Unit::kDuration, 3'000'000, 1, kLongest, "in each period"},
        {"jitter", Unit::kPercent, 0, 0, 100, "the work of each period differs from that by up to this, by seed"},
        {"rounds", Unit::kCount, 100, 1, 10'000, "periods until a task ends"},
        {"phased", Unit::kCount, 0, 0, 1, "1: each starts at its own time within a period, by seed; 0: all at once"}}},
      make};
}

}  // namespace simsched

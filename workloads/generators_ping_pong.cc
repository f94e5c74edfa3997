// ping_pong: pairs of tasks that wake each other in turn.
#include <array>

#include "workloads/generators.h"

namespace simsched {
namespace {

Workload make(const Params& params, const Rng&) {
  Workload workload;
  Op work = op::compute(params.work("work"));
  uint8_t flags = params.count("sync") != 0 ? uint8_t{kOpSync} : uint8_t{0};
  for (int64_t i = 0; i < params.count("pairs"); ++i) {
    TokenId ball(workload.nr_tokens++), back(workload.nr_tokens++);
    Op loop = op::loop(0, params.count("rounds"));
    workload.add_task("ping", std::array{work, op::signal(ball, flags), op::wait(back), loop});
    workload.add_task("pong", std::array{op::wait(ball), work, op::signal(back, flags), loop});
  }
  return workload;
}

}  // namespace

Generator ping_pong_generator() {
  using Unit = ParamInfo::Unit;
  return {{"ping_pong",
           "pairs of tasks that wake each other in turn",
           {{"pairs", Unit::kCount, 1, 1, kMostTasks / 2, "how many"},
            {"rounds", Unit::kCount, 1000, 1, kMostRounds, "until a pair ends"},
            {"work", Unit::kDuration, 10'000, 1, kLongest, "between waking and being woken"},
            {"sync", Unit::kCount, 0, 0, 1, "1: wake with the hint that the waker is about to sleep"}}},
          make};
}

}  // namespace simsched

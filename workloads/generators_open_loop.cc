// open_loop: each request is a task that begins when it arrives, whatever became of those before it.
#include "base/exponential.h"
#include "workloads/generators.h"

namespace simsched {
namespace {

enum Service { kFixed, kExponential, kUniform, kRareLong };

constexpr int64_t kRare = 100;  // one in so many is long, as long as all the others together

Work service_of(int64_t kind, Work mean, Rng& rng) {
  switch (kind) {
    case kExponential:
      return std::max(Work(exponential(mean.count(), rng)), Work(1));
    case kUniform:
      return Work(rng.between(1, std::max(2 * mean.count() - 1, int64_t{1})));
    case kRareLong:
      return std::max(rng.below(kRare) == 0 ? mean * (kRare / 2) : mean * kRare / (2 * (kRare - 1)), Work(1));
    default:
      return mean;
  }
}

Workload make(const Params& params, const Rng& rng) {
  Workload workload;
  Rng arrivals = rng.split(0), services = rng.split(1);
  const Nanos interval = params.time("interval");
  Nanos now{0};
  for (int64_t i = 0; i < params.count("requests"); ++i) {
    now += params.count("arrivals") == 0 ? interval : Nanos(exponential(interval.count(), arrivals));
    const Op work = op::compute(service_of(params.count("distribution"), params.work("service"), services));
    workload.add_task("request", {&work, 1});
    workload.tasks.back().start = now;
  }
  return workload;
}

}  // namespace

Generator open_loop_generator() {
  using Unit = ParamInfo::Unit;
  return {{"open_loop",
           "requests that arrive whatever became of those before, a task each",
           {{"requests", Unit::kCount, 1000, 1, kMostTasks, "how many"},
            {"arrivals", Unit::kChoice, 1, 0, 1, "at equal intervals, or by chance (Poisson)", {"even", "poisson"}},
            {"interval", Unit::kDuration, 1'250'000, 1, kLongest, "between two arrivals, on average"},
            {"service", Unit::kDuration, 1'000'000, 1, kLongest, "work of a request, on average"},
            {"distribution",
             Unit::kChoice,
             kExponential,
             0,
             kRareLong,
             "of that work; rare_long: one in a hundred has half of all the work",
             {"fixed", "exponential", "uniform", "rare_long"}}}},
          make};
}

}  // namespace simsched

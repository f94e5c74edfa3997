// cache: a server like memcached. Requests arrive by chance from elsewhere and wait in a socket for one of its threads,
// most of them short.
#include <vector>

#include "base/exponential.h"
#include "workloads/generators.h"

namespace simsched {
namespace {

constexpr int kRounds = 1024;  // different requests of a thread, again and again
constexpr int64_t kMillion = 1'000'000;

Workload make(const Params& params, const Rng& rng) {
  Workload workload;
  TokenId arrived(workload.nr_tokens++);
  std::vector<Op> program;
  Nanos now{0};
  Rng arrivals = rng.split(0);
  for (int64_t i = 0; i < params.count("requests"); ++i) {
    now += Nanos(exponential(params.time("interval").count(), arrivals));
    program.push_back(op::sleep_until(now, kOpSoftIrq));
    program.push_back(op::signal(arrived));
  }
  // The network's interrupt: above all tasks, and of no work here.
  TaskSpec& network = workload.tasks[workload.add_task("network", program).index()];
  network.policy = SchedPolicy::kFifo;
  network.rt_priority = 99;
  network.kthread = true;
  for (int64_t i = 0; i < params.count("threads"); ++i) {
    Rng own = rng.split(1 + static_cast<uint64_t>(i));
    program.clear();
    for (int round = 0; round < kRounds; ++round) {
      program.push_back(op::wait(arrived));
      const bool scan = static_cast<int64_t>(own.below(kMillion)) < params.count("scans_ppm");
      program.push_back(op::compute(params.work(scan ? "scan" : "get")));
    }
    program.push_back(op::loop(0, 0));
    workload.add_task("worker", program);
    workload.tasks.back().background = true;
  }
  return workload;
}

}  // namespace

Generator cache_generator() {
  using Unit = ParamInfo::Unit;
  return {{"cache",
           "a server of many short requests and a few long ones, which arrive by chance",
           {{"threads", Unit::kCount, 4, 1, 1000, "of the server"},
            {"requests", Unit::kCount, 50'000, 1, kMostTasks, "how many"},
            {"interval", Unit::kDuration, 20'000, 1, kLongest, "between two arrivals, on average (Poisson)"},
            {"get", Unit::kDuration, 10'000, 1, kLongest, "work of a short request"},
            {"scan", Unit::kDuration, 5'000'000, 1, kLongest, "work of a long one"},
            {"scans_ppm", Unit::kCount, 0, 0, 1'000'000, "of a million requests, the long ones"}}},
          make};
}

}  // namespace simsched

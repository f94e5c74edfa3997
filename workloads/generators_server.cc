// server: clients that think, send a request and wait for a reply; workers that serve them. Requests
// and replies are tokens: any worker takes a request, and its reply goes to the client that waits longest.
#include <vector>

#include "workloads/generators.h"

namespace simsched {
namespace {

constexpr int kServices = 256;  // different service times of a worker, used again and again

Workload make(const Params& params, const Rng& rng) {
  Workload workload;
  TokenId request(workload.nr_tokens++), reply(workload.nr_tokens++);
  int64_t percent = params.count("spread");
  std::vector<Op> program;
  for (int64_t i = 0; i < params.count("workers"); ++i) {
    Rng own = rng.split(static_cast<uint64_t>(i));
    program.clear();
    for (int service = 0; service < kServices; ++service) {
      program.push_back(op::wait(request));
      program.push_back(op::compute(spread(params.work("service"), percent, own)));
      program.push_back(op::signal(reply));
    }
    program.push_back(op::loop(0, 0));
    workload.add_task("worker", program);
    workload.tasks.back().background = true;
  }
  Rng clients = rng.split(kMostTasks);
  for (int64_t i = 0; i < params.count("clients"); ++i) {
    Rng own = clients.split(static_cast<uint64_t>(i));
    program.clear();
    for (int64_t sent = 0; sent < params.count("requests"); ++sent) {
      program.push_back(op::sleep(spread(params.time("think"), percent, own)));
      program.push_back(op::compute(params.work("client_work")));
      program.push_back(op::signal(request));
      program.push_back(op::wait(reply));
    }
    workload.add_task("client", program);
  }
  return workload;
}

}  // namespace

Generator server_generator() {
  using Unit = ParamInfo::Unit;
  return {{"server",
           "clients that send requests, workers that serve them",
           {{"clients", Unit::kCount, 16, 1, 100'000, "how many"},
            {"workers", Unit::kCount, 8, 1, 10'000, "how many"},
            {"requests", Unit::kCount, 100, 1, 10'000, "of each client until it ends"},
            {"think", Unit::kDuration, 5'000'000, 1, kLongest, "between a reply and the next request"},
            {"service", Unit::kDuration, 1'000'000, 1, kLongest, "work of a request"},
            {"client_work", Unit::kDuration, 20'000, 1, kLongest, "of the client before it sends"},
            {"spread", Unit::kPercent, 50, 0, 100, "think and service times differ by up to this, by seed"}}},
          make};
}

}  // namespace simsched

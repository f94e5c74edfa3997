// schbench (git.kernel.org/pub/scm/linux/kernel/git/mason/schbench.git): message threads that wake workers, which rest,
// compute over a small matrix and queue themselves up for the next message. Its lock per CPU is left out.
#include <array>

#include "workloads/generators.h"

namespace simsched {
namespace {

constexpr int32_t kFootprintKib = 256;  // of the matrices
constexpr int kOperations = 5;          // multiplications a request

Workload make(const Params& params, const Rng&) {
  Workload workload;
  const int64_t workers = params.count("workers"), requests = params.count("requests");
  const Op work = op::compute(std::max(params.work("request") / kOperations, Work(1)));
  for (int64_t i = 0; i < params.count("messengers"); ++i) {
    TokenId queued(workload.nr_tokens++), go(workload.nr_tokens++);
    workload.add_task("messenger", std::array{op::wait(queued), op::compute(params.work("message")), op::signal(go),
                                              op::loop(0, workers * requests)});
    const TaskId first =
        workload.add_task("worker", std::array{op::signal(queued), op::wait(go), op::sleep(params.time("rest")), work,
                                               op::loop(3, kOperations), op::loop(0, requests, 1)});
    workload.tasks[first.index()].footprint_kib = kFootprintKib;
    for (int64_t worker = 1; worker < workers; ++worker) workload.clone_task(first);
  }
  return workload;
}

}  // namespace

Generator schbench_generator() {
  using Unit = ParamInfo::Unit;
  return {{"schbench",
           "message threads that wake workers, as the benchmark of that name",
           {{"messengers", Unit::kCount, 1, 1, 1000, "message threads"},
            {"workers", Unit::kCount, 4, 1, 1000, "of each; the benchmark takes one a CPU"},
            {"requests", Unit::kCount, 200, 1, 1'000'000, "of each worker"},
            {"rest", Unit::kDuration, 100'000, 1, kLongest, "of a worker before it computes"},
            {"request", Unit::kDuration, 3'500'000, 1, kLongest, "work of a request: five multiplications of matrices"},
            {"message", Unit::kDuration, 2'000, 1, kLongest, "work of the message thread for each wake-up"}}},
          make};
}

}  // namespace simsched

#include "policies/fair/fair.h"

#include <gtest/gtest.h>

#include "policies/registry.h"
#include "sim/testing.h"

namespace simsched {
namespace {

using testing::add_task;
using testing::flat_machine;

struct Outcome {
  Outcome(const Machine& machine, Workload w, const std::string& policy = "eevdf", EngineOptions o = {}, const Tunables& tunables = {})
      : workload(std::move(w)), options(check(o)), engine(machine, workload, options, make_policy(policy, tunables, options.kernel, machine)) {
    workload.check(machine.nr_cpus());
    engine.run();
    result = engine.result();
  }
  static EngineOptions check(EngineOptions o) {
    o.check_invariants = true;
    if (o.kernel.version == "6.12") o.kernel.version = "6.18";
    return o;
  }
  Workload workload;
  EngineOptions options;
  Engine engine;
  RunResult result;
};

EngineOptions for_time(Nanos duration) {
  EngineOptions options;
  options.duration = duration;
  return options;
}

TEST(FairTest, TwoHogsShareACpu) {
  Workload w;
  add_task(w, "a", {op::compute(Work(1000000000))});
  add_task(w, "b", {op::compute(Work(1000000000))});
  Machine m = flat_machine(1);
  Outcome run(m, w);
  EXPECT_EQ(run.result.metric("makespan_ns"), 2000000000);
  EXPECT_NEAR(static_cast<double>(run.result.metric("context_switches")), 500, 3);
}

}  // namespace
}  // namespace simsched

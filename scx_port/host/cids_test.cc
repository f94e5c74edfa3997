// A scheduler that knows CPUs by their topological ids: struct sched_ext_ops_cid of 7.2.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "policies/registry.h"
#include "scx_port/host/file_policies.h"
#include "scx_port/host/testing/simulation.h"

namespace simsched::bpf {
namespace {

using ::testing::HasSubstr;

// Two caches, two cores in each, two threads a core: the second threads last.
Machine machine() {
  MachineSpec spec;
  spec.name = "threads last";
  for (size_t i = 0; i < 8; ++i) spec.cpus.push_back({CoreId(i % 4), LlcId(i % 4 / 2), NodeId(0)});
  return Machine(spec);
}

// Tasks on all CPUs; the last one moves to CPU 4, which is cid 1, and on to CPU 6 or 7.
Workload workload() {
  Workload w;
  const AffinityId one = w.intern_affinity(CpuSet::parse("4")), two = w.intern_affinity(CpuSet::parse("6-7"));
  for (int i = 0; i < 9; ++i) {
    const TaskId task =
        simsched::testing::add_task(w, "task", {op::compute(Work(1'000'000)), op::sleep(1_ms), op::loop(0, 5)});
    w.tasks[task.index()].start_cpu = CpuId(i % 8);
  }
  simsched::testing::add_task(w, "moves",
                              {op::set_affinity(one), op::compute(Work(1'000'000)), op::sleep(1_ms),
                               op::set_affinity(two), op::compute(Work(1'000'000))});
  return w;
}

RunResult run(const Machine& m, Tunables more = {}) {
  static const Policies policies = file_policies();
  Tunables tunables = {{"bpf", std::string(SIMSCHED_SOURCE_DIR) + "/scx_port/host/testdata/cids.bpf.c", "c.yaml:1"}};
  tunables.push_back({"report", testing::value_of("[nr_wrong, nr_cids, nr_online, nr_masks, allowed, bound_cid]"), ""});
  tunables.insert(tunables.end(), more.begin(), more.end());
  EngineOptions options;
  options.kernel.version = "7.3";
  const Workload w = workload();
  Engine engine(m, w, options, policies[0]->make({options.kernel, m, "c.yaml:1"}, tunables));
  engine.run();
  return engine.result();
}

TEST(Cids, AreWhatCallbacksAndKfuncsSpeakOf) {
  const RunResult result = run(machine());
  EXPECT_EQ(result.status, "ok");
  const auto counter = [&](const std::string& name) { return result.find("ext_" + name).value_or(-1); };
  EXPECT_EQ(counter("nr_wrong"), 0);
  EXPECT_EQ(counter("nr_cids"), 8);
  EXPECT_EQ(counter("nr_online"), 8);
  EXPECT_EQ(counter("nr_masks"), 2);
  EXPECT_EQ(counter("allowed"), 1 << 5 | 1 << 7);  // CPUs 6 and 7
  EXPECT_EQ(counter("bound_cid"), 1);              // CPU 4
}

TEST(Cids, OneThatDoesNotExistEndsTheScheduler) {
  EXPECT_THAT(run(machine(), {{"bad_cid", "8", ""}}).status, HasSubstr("invalid cid 8"));
}

TEST(Cids, TheTableHasNamesOfItsOwn) {
  const Tunables theirs = {{"ops", TunableValue(Tunables{{"set_cpumask", "none", "c.yaml:2"}}), "c.yaml:2"}};
  try {
    run(machine(), theirs);
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("struct sched_ext_ops_cid has no member 'set_cpumask'"));
  }
  const Tunables none = {{"ops", TunableValue(Tunables{{"set_cmask", "none", "c.yaml:2"}}), "c.yaml:2"}};
  EXPECT_EQ(run(machine(), none).find("ext_nr_masks").value_or(-1), 0);
}

}  // namespace
}  // namespace simsched::bpf

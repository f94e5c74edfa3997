#include "experiment/oracle_comparison.h"

#include <gtest/gtest.h>

#include "experiment/oracle_loads.h"
#include "policies/registry.h"
#include "scx_port/proof/guest_load.h"
#include "sim/engine.h"
#include "sim/testing.h"

namespace simsched {
namespace {

Machine two_nodes() {
  MachineSpec spec;
  for (size_t i = 0; i < 4; ++i) spec.cpus.push_back({CoreId(i), LlcId(i / 2), NodeId(i / 2)});
  return Machine(std::move(spec));
}

OracleFigures figures(int64_t first, int64_t second, uint64_t pulled = 0) {
  OracleFigures f;
  f.node_ns = f.llc_ns = {first, second};
  f.forks = {50, 0, 0, 0, 50};
  f.pulled = pulled;
  f.window_ns = 1000;
  f.settle_ns = 0;
  return f;
}

const OracleRow& row(const std::vector<OracleRow>& rows, const std::string& name) {
  for (const OracleRow& r : rows)
    if (r.name == name) return r;
  throw std::runtime_error("no row " + name);
}

TEST(OracleComparison, SharesMayBeTenPointsOutsideOfTheKernelsRange) {
  const std::vector<OracleFigures> kernel{figures(50, 50), figures(60, 40)};
  const auto near = compare_with_kernel(kernel, {figures(69, 31)}, two_nodes());
  EXPECT_TRUE(row(near, "work on the first node").ok);
  EXPECT_TRUE(all_ok(near));
  const auto far = compare_with_kernel(kernel, {figures(75, 25)}, two_nodes());
  EXPECT_FALSE(row(far, "work on the first node").ok);
  EXPECT_FALSE(all_ok(far));
  EXPECT_EQ(row(far, "work on the first node").kernel_high, 60);
}

TEST(OracleComparison, TheMedianOfTheSeedsCounts) {
  const auto rows =
      compare_with_kernel({figures(50, 50)}, {figures(0, 100), figures(52, 48), figures(100, 0)}, two_nodes());
  EXPECT_EQ(row(rows, "work on the first node").simulated, 52);
}

TEST(OracleComparison, MigrationsMayDifferByHalfOrByAFew) {
  const std::vector<OracleFigures> kernel{figures(50, 50, 100)};
  auto ok = [&](const std::vector<OracleFigures>& real, uint64_t pulled) {
    return row(compare_with_kernel(real, {figures(50, 50, pulled)}, two_nodes()), "migrations by pulling").ok;
  };
  EXPECT_TRUE(ok(kernel, 150));
  EXPECT_FALSE(ok(kernel, 151));
  EXPECT_TRUE(ok(kernel, 67));
  EXPECT_FALSE(ok(kernel, 66));
  EXPECT_TRUE(ok({figures(50, 50, 0)}, 6));
  EXPECT_FALSE(ok({figures(50, 50, 0)}, 7));
}

TEST(OracleComparison, OneTaskOfAFewIsNoDifferenceInPlacement) {
  OracleFigures real = figures(50, 50), simulated = real;
  real.forks = {2, 0, 0, 0, 2};
  simulated.forks = {3, 0, 0, 0, 1};
  EXPECT_TRUE(row(compare_with_kernel({real}, {simulated}, two_nodes()), "forks: remote").ok);
  simulated.forks = {4, 0, 0, 0, 0};
  EXPECT_FALSE(row(compare_with_kernel({real}, {simulated}, two_nodes()), "forks: remote").ok);
}

TEST(OracleComparison, RowsOfLevelsThatTheShapeLacksAreLeftOut) {
  const Machine flat = testing::flat_machine(4);
  OracleFigures f = figures(0, 0);
  f.node_ns = f.llc_ns = {100};
  for (const OracleRow& r : compare_with_kernel({f}, {f}, flat)) {
    EXPECT_EQ(r.name.find("node"), std::string::npos) << r.name;
    EXPECT_EQ(r.name.find("remote"), std::string::npos) << r.name;
    EXPECT_EQ(r.name.find("shared"), std::string::npos) << r.name;
  }
}

TEST(OracleLoads, RunInASimulationAndCanBeGivenToAGuest) {
  const Machine machine = two_nodes();
  KernelParams kernel;
  kernel.version = "6.19";
  kernel.preempt = Preempt::kLazy;
  const std::vector<OracleLoad> loads = oracle_loads(machine);
  EXPECT_GE(loads.size(), 6u);
  for (const OracleLoad& load : loads) {
    load.workload.check(machine.nr_cpus());
    EXPECT_FALSE(guest_load(load.workload).empty());
    EngineOptions options;
    options.kernel = kernel;
    options.record = true;
    Engine engine(machine, load.workload, options, make_policy("eevdf", {}, kernel, machine));
    engine.run();
    const OracleFigures simulated = oracle_figures(engine.trace(), machine);
    EXPECT_GT(simulated.node_ns[0] + simulated.node_ns[1], 0) << load.name;
    EXPECT_TRUE(all_ok(compare_with_kernel({simulated}, {simulated}, machine))) << load.name;
  }
}

}  // namespace
}  // namespace simsched

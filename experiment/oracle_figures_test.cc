#include "experiment/oracle_figures.h"

#include <gtest/gtest.h>

#include "sim/testing.h"
#include "traces/trace_maker.h"

namespace simsched {
namespace {

// Two nodes of one LLC of two cores.
Machine two_nodes() {
  MachineSpec spec;
  for (size_t i = 0; i < 4; ++i) spec.cpus.push_back({CoreId(i), LlcId(i / 2), NodeId(i / 2)});
  return Machine(std::move(spec));
}

constexpr int kLaunch = 10, kHog = 11, kOther = 12, kKworker = 13;
constexpr size_t kHere = static_cast<size_t>(Distance::kSameCpu), kLlc = static_cast<size_t>(Distance::kLlc),
                 kRemote = static_cast<size_t>(Distance::kRemote);

// The launcher on CPU 0 starts a hog on CPU 2 and another on its own, which waits there until it is pulled to CPU 1.
TraceMaker two_hogs() {
  TraceMaker t(4);
  t.names(kLaunch, "launch").names(kHog, "hog").names(kOther, "hog").names(kKworker, "kworker");
  t.sw(0, 0, 0, 0, kLaunch);
  t.fork(1000, 0, kLaunch, kHog).wakeup_new(1000, 0, kLaunch, kHog, 2).sw(1000, 2, 0, 0, kHog);
  t.fork(2000, 0, kLaunch, kOther).wakeup_new(2000, 0, kLaunch, kOther, 0);
  t.sw(3000, 3, 0, 0, kKworker).sw(4000, 3, kKworker, kStateInterruptible, 0);
  t.migrate(12'000, 1, 0, kOther, 0, 1).sw(12'000, 1, 0, 0, kOther);
  t.sw(21'000, 2, kHog, kStateDead, 0).sw(22'000, 1, kOther, kStateDead, 0);
  return t;
}

TEST(OracleFigures, WorkForksAndMovesAreTheLoadsOwn) {
  TraceMaker t = two_hogs();
  const OracleFigures figures = oracle_figures(t.trace(), two_nodes());
  EXPECT_EQ(figures.node_ns, (std::vector<int64_t>{10'000'000, 20'000'000}));
  EXPECT_EQ(figures.by_name.at("hog").tasks, 2);
  EXPECT_EQ(figures.by_name.at("hog").cpu_ns, 30'000'000);
  EXPECT_EQ(figures.forks[kRemote], 1u);
  EXPECT_EQ(figures.forks[kHere], 1u);
  EXPECT_EQ(figures.migrations[kLlc], 1u);
  EXPECT_EQ(figures.pulled, 1u);
  EXPECT_EQ(figures.window_ns, 21'000'000);
}

TEST(OracleFigures, ATaskBehindAnotherBesideAnIdleCpuIsOverlookedUntilItIsPulled) {
  TraceMaker t = two_hogs();
  const OracleFigures figures = oracle_figures(t.trace(), two_nodes());
  EXPECT_EQ(figures.overlooked_ns, 10'000'000);
  EXPECT_EQ(figures.settle_ns, 10'000'000);
  EXPECT_EQ(figures.unspread_ns, 0);
}

TEST(OracleFigures, SharedCoresBesideIdleOnesAreCounted) {
  TraceMaker t(4);
  t.names(kLaunch, "launch").names(kHog, "hog").names(kOther, "hog");
  t.sw(0, 3, 0, 0, kLaunch);
  t.fork(0, 3, kLaunch, kHog).fork(0, 3, kLaunch, kOther);
  t.wakeup_new(0, 3, kLaunch, kHog, 0).wakeup_new(0, 3, kLaunch, kOther, 1);
  t.sw(0, 3, kLaunch, kStateInterruptible, 0);
  t.sw(1000, 0, 0, 0, kHog).sw(1000, 1, 0, 0, kOther);
  t.sw(6000, 0, kHog, kStateDead, 0).sw(6000, 1, kOther, kStateDead, 0);
  const OracleFigures figures = oracle_figures(t.trace(), testing::flat_machine(4, 2));
  EXPECT_EQ(figures.unspread_ns, 6'000'000);
  EXPECT_EQ(figures.settle_ns, -1);
}

TEST(OracleFigures, AWakeUpIsPlacedWhereTheWakerPutsItAndStaysWhereNobodyDoes) {
  TraceMaker t(4);
  t.names(kLaunch, "launch").names(kHog, "hog");
  t.sw(0, 0, 0, 0, kLaunch);
  t.fork(0, 0, kLaunch, kHog).wakeup_new(0, 0, kLaunch, kHog, 1).sw(0, 1, 0, 0, kHog);
  t.sw(1000, 1, kHog, kStateInterruptible, 0);
  t.waking(2000, 0, kLaunch, kHog, 0, 1).sw(2000, 1, 0, 0, kHog).sw(3000, 1, kHog, kStateInterruptible, 0);
  t.waking(4000, 0, kLaunch, kHog, 0, 1).migrate(4000, 0, kLaunch, kHog, 1, 3).sw(4000, 3, 0, 0, kHog);
  t.sw(5000, 3, kHog, kStateInterruptible, 0);
  // Placed where it was, and pulled afterwards, by another CPU and by the waker's own after a switch.
  t.waking(6000, 0, kLaunch, kHog, 0, 3).migrate(6500, 2, 0, kHog, 3, 2).sw(6500, 2, 0, 0, kHog);
  t.sw(7000, 2, kHog, kStateInterruptible, 0);
  t.waking(8000, 0, kLaunch, kHog, 0, 2).sw(8000, 0, kLaunch, kStateInterruptible, 0);
  t.migrate(8100, 0, 0, kHog, 2, 0).sw(8100, 0, 0, 0, kHog).sw(9000, 0, kHog, kStateDead, 0);
  const OracleFigures figures = oracle_figures(t.trace(), two_nodes());
  EXPECT_EQ(figures.wakes[kHere], 3u);
  EXPECT_EQ(figures.wakes[kRemote], 1u);
  EXPECT_EQ(figures.migrations[kLlc], 1u);
  EXPECT_EQ(figures.by_waker, 1u);
  EXPECT_EQ(figures.pulled, 2u);
}

}  // namespace
}  // namespace simsched

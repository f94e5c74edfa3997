#include "traces/trace_stats.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "traces/trace_maker.h"

namespace simsched {
namespace {

using testing::ElementsAre;

TEST(TraceStats, Empty) {
  TraceStats stats = trace_stats(SchedTrace(), {});
  EXPECT_EQ(stats.makespan, 0_ns);
  EXPECT_EQ(stats.latency_quantile(99), 0_ns);
}

TEST(TraceStats, CountsAndLatencies) {
  TraceMaker maker;
  maker.sw(100, 0, 10, kStatePreempted, 11)
      .waking(150, 0, 11, 12)
      .waking(160, 0, 11, 12)
      .sw(200, 0, 11, kStateInterruptible, 12);
  maker.fork(210, 0, 12, 13).wakeup_new(215, 0, 12, 13, 1).migrate(220, 0, 12, 11, 0, 1);
  maker.sw(300, 0, 12, kStateZombie, 0).sw(315, 1, 0, kStateRunning, 13).sw(400, 1, 13, kStateRunning, 0);
  maker.nothing(500, 0, 0);
  maker.trace().events.insert(maker.trace().events.begin(), maker.trace().events.back());
  maker.trace().events.front().time = 0_ns;
  maker.trace().events.front().cpu = CpuId(1);
  TraceStats stats = trace_stats(maker.trace(), {false, false});
  EXPECT_EQ(stats.makespan, 500_us);
  EXPECT_EQ(stats.switches, 5u);
  EXPECT_EQ(stats.involuntary, 2u);
  EXPECT_EQ(stats.migrations, 1u);
  EXPECT_EQ(stats.forks, 1u);
  EXPECT_EQ(stats.wakeups, 2u);
  EXPECT_THAT(stats.latencies, ElementsAre(50_us, 100_us));
  EXPECT_EQ(stats.latency_mean, 75_us);
  EXPECT_EQ(stats.latency_quantile(50), 50_us);
  EXPECT_EQ(stats.latency_quantile(99), 100_us);
  EXPECT_THAT(stats.busy, ElementsAre(300_us, 85_us));
  EXPECT_EQ(trace_stats(maker.trace(), {false, true}).switches, 4u);
}

TEST(TraceStats, MissingSwitchInIsNoLatency) {
  TraceMaker maker;
  maker.sw(0, 0, 0, kStateRunning, 10).waking(10, 0, 10, 11).nothing(5000, 1, 11);
  maker.sw(6000, 1, 11, kStateInterruptible, 0).waking(7000, 0, 10, 11).sw(7020, 1, 0, kStateRunning, 11);
  EXPECT_THAT(trace_stats(maker.trace(), {}).latencies, ElementsAre(20_us));
}

TEST(TraceStats, ReusedPidForgetsTheOldWaking) {
  TraceMaker maker;
  maker.sw(0, 0, 0, kStateRunning, 10)
      .sw(0, 1, 0, kStateRunning, 11)
      .waking(10, 0, 10, 11)
      .sw(20, 1, 11, kStateDead, 0);
  maker.fork(900, 0, 10, 11).wakeup_new(900, 0, 10, 11).sw(930, 1, 0, kStateRunning, 11);
  EXPECT_THAT(trace_stats(maker.trace(), {}).latencies, ElementsAre(30_us));
}

}  // namespace
}  // namespace simsched

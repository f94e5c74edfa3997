#include "calibrate/trace_costs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "traces/trace_maker.h"

namespace simsched {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Costs with_poll_window(Nanos window) {
  Costs costs;
  costs.idle_poll_window = window;
  return costs;
}

std::vector<std::string> keys(const std::vector<MeasuredCost>& costs) {
  std::vector<std::string> names;
  for (const MeasuredCost& cost : costs) names.push_back(cost.key);
  return names;
}

// Forty times: task 1 on CPU 0 wakes 2, which takes its CPU `took` us later.
SchedTrace preemptions(int64_t took, uint8_t context, int waker_cpu = 0) {
  TraceMaker t;
  int64_t at = 0;
  for (int i = 0; i < 40; ++i, at += 1000) {
    t.sw(at, 0, 0, 0, 1);
    t.waking(at + 300, waker_cpu, waker_cpu == 0 ? 1 : 0, 2, context);
    t.sw(at + 300 + took, 0, 1, kStateRunning, 2);
    t.sw(at + 900, 0, 2, kStateInterruptible, 0);
  }
  return t.trace();
}

TEST(TraceCosts, APreemptionIsToldByWhatWokeTheTask) {
  EXPECT_THAT(keys(costs_of_trace(preemptions(5, 0), {})), ElementsAre("resched_task_ns"));
  EXPECT_THAT(keys(costs_of_trace(preemptions(5, kHardIrq), {})), ElementsAre("resched_hardirq_ns"));
  EXPECT_THAT(keys(costs_of_trace(preemptions(5, kSoftIrq), {})), ElementsAre("resched_softirq_ns"));
  EXPECT_THAT(keys(costs_of_trace(preemptions(5, 0, 1), {})), ElementsAre("resched_ipi_ns"));
  const auto costs = costs_of_trace(preemptions(5, kHardIrq), {});
  EXPECT_EQ(costs[0].samples, 40u);
  EXPECT_EQ(costs[0].spread, Spread(5_us));
}

TEST(TraceCosts, WhatWaitedForTheTickDidNotPreempt) { EXPECT_THAT(costs_of_trace(preemptions(400, 0), {}), IsEmpty()); }

TEST(TraceCosts, ABlockIsNoPreemption) {
  TraceMaker t;
  for (int64_t i = 0; i < 40; ++i) {
    t.sw(i * 1000, 0, 0, 0, 1).waking(i * 1000 + 300, 0, 1, 2);
    t.sw(i * 1000 + 305, 0, 1, kStateInterruptible, 2).sw(i * 1000 + 900, 0, 2, kStateInterruptible, 0);
  }
  EXPECT_THAT(costs_of_trace(t.trace(), {}), IsEmpty());
}

// CPU 0 wakes a task on idle CPU 1, for `idle` us; it runs `took` us later.
SchedTrace idle_wakes(int64_t idle, int64_t took, bool local) {
  TraceMaker t;
  int64_t at = 0;
  for (int i = 0; i < 40; ++i, at += 1000) {
    t.sw(at, 1, 2, kStateInterruptible, 0);
    t.waking(at + idle, local ? 1 : 0, 0, 2, local ? kHardIrq : 0);
    t.sw(at + idle + took, 1, 0, kStateRunning, 2);
  }
  return t.trace();
}

TEST(TraceCosts, AnIdleCpuIsToldByHowLongItWasIdleAndWhoWokeIt) {
  const Costs costs = with_poll_window(15_us);
  EXPECT_THAT(keys(costs_of_trace(idle_wakes(10, 20, false), costs)), ElementsAre("idle_poll_exit_ns"));
  EXPECT_THAT(keys(costs_of_trace(idle_wakes(20, 20, false), costs)), ElementsAre("idle_halt_exit_ns"));
  EXPECT_THAT(keys(costs_of_trace(idle_wakes(20, 20, true), costs)), ElementsAre("idle_wake_local_ns"));
  // A deep state takes what it takes.
  EXPECT_EQ(costs_of_trace(idle_wakes(20, 700, false), costs).at(0).spread, Spread(700_us));
}

TEST(TraceCosts, WhatRanInBetweenOrWasLostIsNoMeasure) {
  TraceMaker t;
  for (int64_t i = 0; i < 40; ++i) {
    const int64_t at = i * 1000;
    t.sw(at, 0, 0, 0, 1).waking(at + 100, 1, 0, 2).sw(at + 110, 0, 1, kStateRunning, 3);
    t.sw(at + 120, 0, 3, kStateRunning, 2).sw(at + 900, 0, 2, kStateInterruptible, 0);
  }
  EXPECT_THAT(costs_of_trace(t.trace(), {}), IsEmpty());

  SchedTrace lost = preemptions(5, 0);
  std::vector<TraceEvent> events;
  for (TraceEvent event : lost.events) {
    events.push_back(event);
    if (event.kind == TraceKind::kWaking) {
      event.kind = TraceKind::kLost;
      events.push_back(event);
    }
  }
  lost.events = events;
  EXPECT_THAT(costs_of_trace(lost, {}), IsEmpty());
}

TEST(MeasuredCosts, QuantilesLeaveOutTheTails) {
  std::vector<Nanos> samples;
  for (int64_t i = 101; i-- > 0;) samples.push_back(Nanos(i));
  samples.back() = 1_s;
  EXPECT_EQ(quantiles_of(samples), Spread(Nanos(6), Nanos(26), Nanos(51), Nanos(76), Nanos(96)));
}

TEST(MeasuredCosts, TheFileHasASpreadOrOneFigure) {
  EXPECT_EQ(costs_file("of a",
                       {{"stopper_ns", Spread(7_us), 1}, {"resched_task_ns", {1_us, 2_us, 3_us, 4_us, 5_us}, 40}}, 700),
            "# of a\nsmt_share: 700\ncosts:\n  stopper_ns: 7000  # 1 sample\n"
            "  resched_task_ns: [1000, 2000, 3000, 4000, 5000]  # 40 samples\n");
  EXPECT_EQ(costs_file("of a", {}), "# of a\ncosts: {}\n");
}

}  // namespace
}  // namespace simsched

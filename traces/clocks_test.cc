#include "traces/clocks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "traces/trace_maker.h"

namespace simsched {
namespace {

// Two tasks on two CPUs wake each other; CPU 1's clock is `ahead` us ahead of CPU 0's.
SchedTrace ping_pong(int64_t ahead, int rounds = 40) {
  TraceMaker maker;
  for (int i = 0; i < rounds; ++i) {
    int64_t at = 1000 + i * 1000;
    maker.waking(at, 0, 10, 11).sw(at + 5, 0, 10, kStateInterruptible, 0);
    maker.sw(at + 10 + ahead, 1, 0, kStateRunning, 11);
    maker.waking(at + 500 + ahead, 1, 11, 10).sw(at + 505 + ahead, 1, 11, kStateInterruptible, 0);
    maker.sw(at + 510, 0, 0, kStateRunning, 10);
  }
  auto& events = maker.trace().events;
  std::stable_sort(events.begin(), events.end(),
                   [](const TraceEvent& a, const TraceEvent& b) { return a.time < b.time; });
  check_clocks(maker.trace());
  return maker.trace();
}

TEST(Clocks, WhatPassesInNegativeTimeTellsTheDifference) {
  SchedTrace trace = ping_pong(300);
  EXPECT_GE(trace.holes.clock_conflicts, 30u);
  ASSERT_EQ(trace.notes.size(), 1u);
  EXPECT_THAT(trace.notes[0], testing::HasSubstr("CPU 1 is about 300 us ahead of that of CPU 0"));
  EXPECT_THAT(ping_pong(-300).notes[0], testing::HasSubstr("CPU 0 is about 300 us ahead of that of CPU 1"));
}

TEST(Clocks, OneClockHasNothingToTell) {
  EXPECT_TRUE(ping_pong(0).notes.empty());
  EXPECT_TRUE(ping_pong(300, 5).notes.empty()) << "a few may have lost their waking";
}

// Its waker meets it on its way to sleep; another wakes it once more while it runs.
TEST(Clocks, AWakeOfATaskThatRunsIsNoConflict) {
  TraceMaker maker;
  for (int i = 0; i < 40; ++i) {
    int64_t at = 1000 + i * 1000;
    maker.waking(at, 1, 20, 10, 0, 0).sw(at + 1, 0, 10, kStateInterruptible, 0);
    maker.sw(at + 10, 0, 0, kStateRunning, 10).waking(at + 200, 1, 20, 10, 0, 0);
  }
  check_clocks(maker.trace());
  EXPECT_TRUE(maker.trace().notes.empty());
}

}  // namespace
}  // namespace simsched

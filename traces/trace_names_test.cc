#include "traces/trace_names.h"

#include <gtest/gtest.h>

#include "traces/trace_maker.h"

namespace simsched {
namespace {

TEST(TimeByName, RunsAndWaits) {
  TraceMaker maker(1);
  maker.names(10, "hog").names(11, "cc");
  maker.sw(0, 0, 0, kStateRunning, 10);
  maker.waking(100, 0, 10, 11);                      // cc waits 50
  maker.sw(150, 0, 10, kStatePreempted, 11);         // the hog has run 150
  maker.sw(180, 0, 11, kStateInterruptible, 10);     // and waits 30; cc has run 30
  maker.waking(190, 0, 10, 11).nothing(200, 0, 10);  // to the end the hog runs 20; cc's wait has no end
  const auto times = time_by_name(maker.trace());
  ASSERT_EQ(times.size(), 2u);
  EXPECT_EQ(times.at("hog").run, 170_us);
  EXPECT_EQ(times.at("hog").wait, 30_us);
  EXPECT_EQ(times.at("cc").run, 30_us);
  EXPECT_EQ(times.at("cc").wait, 50_us);
}

// A replay knows a task by its last name only.
TEST(TimeByName, AllOfATaskCountsUnderItsLastName) {
  TraceMaker maker(1);
  maker.names(10, "sh");
  maker.sw(0, 0, 0, kStateRunning, 10).exec(100, 0, 10, "gcc").sw(150, 0, 10, kStateZombie, 0);
  maker.names(10, "sh").fork(160, 0, 9, 10).wakeup_new(161, 0, 9, 10).sw(171, 0, 9, kStateInterruptible, 10);
  maker.sw(200, 0, 10, kStateZombie, 0);
  const auto times = time_by_name(maker.trace());
  EXPECT_EQ(times.at("gcc").run, 150_us);
  EXPECT_EQ(times.at("sh").run, 29_us) << "the pid was used again";
  EXPECT_EQ(times.at("sh").wait, 10_us);
}

TEST(TimeByName, WhoIsThereFromTheStartRanFromTheStart) {
  TraceMaker maker(1);
  maker.names(10, "hog").names(11, "cc");
  maker.nothing(0, 0, 0).names(12, "x").sw(100, 0, 10, kStateInterruptible, 11).sw(110, 0, 11, kStateInterruptible, 10);
  EXPECT_EQ(time_by_name(maker.trace()).at("hog").run, 100_us);
}

TEST(TimeByName, AWakeThatRacesItsWakeeToSleepCounts) {
  TraceMaker maker(2);
  maker.names(10, "a").names(11, "b").names(12, "c");
  maker.sw(0, 0, 0, kStateRunning, 10).sw(0, 1, 0, kStateRunning, 11);
  maker.waking(10, 1, 11, 10).sw(12, 0, 10, kStateInterruptible, 12).sw(20, 0, 12, kStateInterruptible, 10);
  EXPECT_EQ(time_by_name(maker.trace()).at("a").wait, 8_us);
}

TEST(TimeByName, AMissingSwitchInIsNoWait) {
  TraceMaker maker;
  maker.names(11, "b");
  maker.sw(0, 0, 0, kStateRunning, 10)
      .waking(10, 0, 10, 11)
      .nothing(5000, 1, 11)
      .sw(6000, 1, 11, kStateInterruptible, 0);
  EXPECT_EQ(time_by_name(maker.trace()).at("b").wait, 0_ns);
  EXPECT_TRUE(time_by_name(SchedTrace()).empty());
}

}  // namespace
}  // namespace simsched

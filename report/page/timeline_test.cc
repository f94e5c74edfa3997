#include "report/page/timeline.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace simsched {
namespace {

SchedTrace trace_of(size_t nr_cpus, const std::vector<std::array<int64_t, 4>>& switches) {
  SchedTrace trace;
  trace.nr_cpus = nr_cpus;
  for (const auto& [time, cpu, from, to] : switches) {
    TraceEvent event;
    event.time = Nanos(time);
    event.cpu = CpuId(static_cast<size_t>(cpu));
    event.current = Pid(static_cast<int32_t>(from));
    event.pid = Pid(static_cast<int32_t>(to));
    event.name = to == 0 ? 0 : trace.intern("t" + std::to_string(to));
    trace.events.push_back(event);
  }
  return trace;
}

TEST(Timeline, HasARunFromSwitchToSwitch) {
  const Timeline timeline =
      timeline_of(trace_of(2, {{0, 1, 0, 0}, {100, 0, 7, 8}, {250, 0, 8, 0}, {300, 1, 0, 7}, {400, 0, 0, 0}}), 100);
  ASSERT_EQ(timeline.cpus.size(), 2u);
  // Task 7 ran on CPU 0 before the first switch there, as that switch says, and on CPU 1 until the end.
  ASSERT_EQ(timeline.cpus[0].size(), 2u);
  EXPECT_EQ(timeline.tasks[static_cast<size_t>(timeline.cpus[0][0].task)].pid, Pid(7));
  EXPECT_EQ(timeline.cpus[0][0].start, Nanos(0));
  EXPECT_EQ(timeline.cpus[0][0].end, Nanos(100));
  EXPECT_EQ(timeline.tasks[static_cast<size_t>(timeline.cpus[0][1].task)].name, "t8");
  EXPECT_EQ(timeline.cpus[0][1].end, Nanos(250));
  ASSERT_EQ(timeline.cpus[1].size(), 1u);
  EXPECT_EQ(timeline.tasks[static_cast<size_t>(timeline.cpus[1][0].task)].name, "t7");
  EXPECT_EQ(timeline.cpus[1][0].end, Nanos(400));
  EXPECT_EQ(timeline.coarse, Nanos(0));
}

TEST(Timeline, ShortRunsStandTogetherWhereThereAreTooMany) {
  std::vector<std::array<int64_t, 4>> switches{{0, 0, 0, 1}};
  for (int64_t i = 1; i <= 1000; ++i) switches.push_back({i * 1000, 0, 1 + (i - 1) % 2, 1 + i % 2});
  switches.push_back({9'000'000, 0, 1, 0});
  const Timeline timeline = timeline_of(trace_of(1, switches), 20);
  EXPECT_GT(timeline.coarse, Nanos(0));
  EXPECT_LE(timeline.cpus[0].size(), 20u);
  EXPECT_EQ(timeline.cpus[0].front().task, kManyTasks);
  EXPECT_EQ(timeline.cpus[0].back().end, Nanos(9'000'000));
  EXPECT_NE(timeline.cpus[0].back().task, kManyTasks);  // the long one keeps its name
}

RC_GTEST_PROP(Timeline, RunsNeverOverlap, ()) {
  std::vector<std::array<int64_t, 4>> switches;
  int64_t now = 0;
  std::array<int64_t, 3> running{};
  for (int i = *rc::gen::inRange(0, 300); i > 0; --i) {
    now += *rc::gen::inRange(0, 3000);
    const int64_t cpu = *rc::gen::inRange(0, 3), next = *rc::gen::inRange(0, 9);
    switches.push_back({now, cpu, running[static_cast<size_t>(cpu)], next});
    running[static_cast<size_t>(cpu)] = next;
  }
  const Timeline timeline = timeline_of(trace_of(3, switches), static_cast<size_t>(*rc::gen::inRange(1, 50)));
  for (const auto& runs : timeline.cpus) {
    Nanos last{0};
    for (const TimelineRun& run : runs) {
      RC_ASSERT(run.start >= last);
      RC_ASSERT(run.end > run.start);
      last = run.end;
    }
  }
}

}  // namespace
}  // namespace simsched

#include "traces/time_jumps.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "traces/event_merge.h"

namespace simsched {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Times of the events of each CPU, in milliseconds, in the order of the file.
using Times = std::vector<std::vector<int64_t>>;

struct Merged {
  explicit Merged(const Times& times, int64_t first = 0) {
    std::vector<std::vector<TraceEvent>> per_cpu;
    for (size_t cpu = 0; cpu < times.size(); ++cpu) {
      per_cpu.emplace_back();
      for (int64_t time : times[cpu]) {
        TraceEvent event;
        event.time = Nanos(time * 1'000'000);
        event.cpu = CpuId(cpu);
        per_cpu.back().push_back(event);
      }
    }
    merge_events(trace, std::move(per_cpu), Nanos(first * 1'000'000));
    for (const TraceEvent& event : trace.events) kept.push_back(event.time.count() / 1'000'000);
  }
  SchedTrace trace;
  std::vector<int64_t> kept;  // since the first
};

constexpr int64_t kMonths = 10'000'000'000, kMinute = 60'000;

TEST(TimeJumps, AnEventFarFromThoseAroundItIsLeftOutAndTold) {
  const Merged merged({{1000, 1001, kMonths, 1002, 1003}, {1000, 1002}}, 1000);
  EXPECT_THAT(merged.kept, ElementsAre(0, 0, 1, 2, 2, 3));
  EXPECT_EQ(merged.trace.holes.unreadable, 1u);
  ASSERT_EQ(merged.trace.notes.size(), 1u);
  EXPECT_THAT(merged.trace.notes[0], HasSubstr("left out 1 event whose time is far from those around it: the first is "
                                               "of CPU 0, at a clock of 10000000s"));
}

TEST(TimeJumps, WhereverItStands) {
  EXPECT_THAT(Merged({{kMonths, 1000, 1001, 1002}}, 1000).kept, ElementsAre(0, 1, 2));
  EXPECT_THAT(Merged({{1000, 1001, kMonths}, {1003}}, 1000).kept, ElementsAre(0, 1, 3));
  EXPECT_THAT(Merged({{5, kMonths, kMonths + 1}, {kMonths + 2}}, 5).kept, ElementsAre(0, 1, 2)) << "the first";
  EXPECT_THAT(Merged({{kMonths, kMonths + 1, 5, kMonths + 2}}, 5).kept, ElementsAre(0, 1, 2)) << "backwards";
  EXPECT_THAT(Merged({{kMonths, kMonths + 1, 5}}, 5).kept, ElementsAre(0, 1)) << "backwards, at the end";
  EXPECT_THAT(Merged({{1000, kMonths, 2 * kMonths, 1001, 1002, 1003}}, 1000).kept, ElementsAre(0, 1, 2, 3)) << "two";
  EXPECT_THAT(Merged({{1000}, {kMonths}, {1001, 1002}}, 1000).kept, ElementsAre(0, 1, 2)) << "the only one of its CPU";
}

// Long sleeps, suspended machines, buffers that come late, and clocks that are set back are no damage.
TEST(TimeJumps, WhatGoesOnFromThereStays) {
  const int64_t hours = 300 * kMinute;
  EXPECT_EQ(Merged({{0, 1, hours, hours + 1}}).kept.size(), 4u);
  EXPECT_EQ(Merged({{0, 1}, {hours, hours + 1}}).kept.size(), 4u);
  EXPECT_EQ(Merged({{0, 1, 50 * kMinute}}).kept.size(), 3u) << "less than an hour at the end";
  Times back(1);
  for (int64_t i = 0; i < 24; ++i) back[0].push_back(i < 12 ? hours + i : i);
  EXPECT_EQ(Merged(back).kept.size(), 24u);
  EXPECT_EQ(Merged({{100, 20'000, 101, 102, 103}}).kept.size(), 5u) << "held back";
  EXPECT_EQ(Merged({{hours}}, hours).kept.size(), 1u);
}

// Names of tasks that are there already have no time.
TEST(TimeJumps, WhatIsBeforeTheStartIsMovedToIt) {
  EXPECT_THAT(Merged({{0, 0, kMonths, kMonths + 1}}, kMonths).kept, ElementsAre(0, 0, 0, 1));
}

TEST(TimeJumps, PowerEventsDoNotMakeARecordingLonger) {
  SchedTrace trace;
  trace.power = {{1_s, CpuId(0), 0, PowerEvent::Kind::kIdle}, {Nanos::max(), CpuId(0), 0, PowerEvent::Kind::kIdle}};
  TraceEvent event;
  event.time = 1_s;
  event.cpu = CpuId(0);
  std::vector<std::vector<TraceEvent>> per_cpu = {{event, event}};
  Nanos first = 1_s;
  leave_out_time_jumps(trace, per_cpu, first);
  EXPECT_EQ(trace.power.size(), 1u);
  EXPECT_EQ(trace.holes.unreadable, 1u);
}

TEST(TimeJumps, AnyTimesAreCompared) {
  constexpr int64_t kLeast = INT64_MIN / 1'000'000, kMost = INT64_MAX / 1'000'000;
  EXPECT_EQ(Merged({{kLeast, 0, kMost, 1, 2, 3}}, 0).trace.holes.unreadable, 1u);
}

}  // namespace
}  // namespace simsched

#include "report/counters.h"

#include <gtest/gtest.h>

namespace simsched {
namespace {

TraceEvent event(TraceKind kind, int64_t time, int cpu, int current, int pid, int other_cpu = -1, int dest_cpu = -1,
                 uint16_t state = 0) {
  TraceEvent made;
  made.kind = kind;
  made.time = Nanos(time);
  made.cpu = CpuId(cpu);
  made.current = Pid(current);
  made.pid = Pid(pid);
  made.other_cpu = CpuId(other_cpu);
  made.dest_cpu = CpuId(dest_cpu);
  made.state = state;
  return made;
}

std::vector<std::pair<int64_t, int64_t>> samples(const CounterTrack& track) {
  std::vector<std::pair<int64_t, int64_t>> list;
  for (const auto& sample : track.samples) list.emplace_back(sample.time.count(), sample.value);
  return list;
}

TEST(NrRunningCounters, FollowsTasks) {
  using enum TraceKind;
  SchedTrace trace;
  trace.nr_cpus = 2;
  trace.events = {
      event(kWaking, 10, 0, 0, 5, 0),                            // 5 wakes on CPU 0
      event(kSwitch, 12, 0, 0, 5),                               // and runs
      event(kWaking, 20, 0, 5, 6, 0),                            // 6 wakes there too
      event(kMigrate, 20, 0, 5, 6, 0, 1),                        // but is moved at once
      event(kSwitch, 25, 1, 0, 6),                               //
      event(kMigrate, 27, 0, 5, 9, 0, 1),                        // 9 sleeps: not counted
      event(kSwitch, 30, 0, 5, 0, -1, -1, kStateInterruptible),  // 5 sleeps
      event(kWaking, 40, 0, 0, 5, 1),                            // 5 wakes behind 6
      event(kSwitch, 45, 1, 6, 5),                               // 6 is preempted
  };
  auto tracks = nr_running_counters(trace);
  ASSERT_EQ(tracks.size(), 2u);
  EXPECT_EQ(tracks[0].name, "cpu0 nr_running");
  using Samples = std::vector<std::pair<int64_t, int64_t>>;
  EXPECT_EQ(samples(tracks[0]), (Samples{{10, 1}, {30, 0}}));
  EXPECT_EQ(samples(tracks[1]), (Samples{{20, 1}, {40, 2}}));
}

// CPUs 0 and 1 have an LLC each, of two nodes.
TEST(Places, AreOfEachTaskAndEndWhereItGoesElsewhere) {
  MachineSpec spec;
  for (size_t i = 0; i < 2; ++i) spec.cpus.push_back({CoreId(i), LlcId(i), NodeId(i)});
  const Machine machine(spec);
  using enum TraceKind;
  SchedTrace trace;
  trace.nr_cpus = 2;
  trace.events = {event(kSwitch, 10, 0, 0, 5), event(kSwitch, 20, 0, 5, 0, -1, -1, kStateInterruptible),
                  event(kSwitch, 30, 0, 0, 5), event(kSwitch, 40, 0, 5, 0, -1, -1, kStateInterruptible),
                  event(kSwitch, 50, 1, 0, 5), event(kSwitch, 60, 1, 5, 0, -1, -1, kStateInterruptible)};
  const auto tracks = places(trace, machine);
  ASSERT_EQ(tracks.size(), 1u);
  EXPECT_EQ(tracks[0].pid, Pid(5));
  ASSERT_EQ(tracks[0].slices.size(), 2u);
  EXPECT_EQ(tracks[0].slices[0].name, "node 0, LLC 0");
  EXPECT_EQ(tracks[0].slices[0].begin, Nanos(10));
  EXPECT_EQ(tracks[0].slices[0].end, Nanos(40));
  EXPECT_EQ(tracks[0].slices[1].name, "node 1, LLC 1");
  EXPECT_EQ(tracks[0].slices[1].end, Nanos(60));
  spec.cpus[1].llc = LlcId(0);
  spec.cpus[1].node = NodeId(0);
  EXPECT_TRUE(places(trace, Machine(spec)).empty()) << "there is but one place";
}

TEST(NrRunningCounters, IgnoresCpusOutOfRange) {
  SchedTrace trace;
  trace.nr_cpus = 1;
  trace.events = {event(TraceKind::kWaking, 1, 0, 0, 5, 7), event(TraceKind::kSwitch, 2, 3, 0, 5)};
  EXPECT_TRUE(nr_running_counters(trace)[0].samples.empty());
}

}  // namespace
}  // namespace simsched

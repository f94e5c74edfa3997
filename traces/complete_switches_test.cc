#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "traces/complete_switches.h"
#include "traces/read_trace.h"

namespace simsched {
namespace {

// Events on two CPUs, in microseconds.
class Recording {
 public:
  Recording() { trace_.nr_cpus = 2; }

  Recording& change(int64_t at, int cpu, int from, int to, uint16_t state = kStateInterruptible) {
    TraceEvent& event = add(TraceKind::kSwitch, at, cpu, from, to);
    if (from != 0) event.state = state;
    return *this;
  }
  Recording& waking(int64_t at, int cpu, int current, int pid) {
    add(TraceKind::kWaking, at, cpu, current, pid).prio = 110;
    return *this;
  }
  Recording& ran(int64_t at, int cpu, int current, int pid, int64_t runtime) {
    add(TraceKind::kStatRuntime, at, cpu, current, pid).value = runtime * 1000;
    return *this;
  }
  SchedTrace complete() {
    complete_switches(trace_);
    return trace_;
  }

 private:
  TraceEvent& add(TraceKind kind, int64_t at, int cpu, int current, int pid) {
    TraceEvent event;
    event.kind = kind;
    event.time = Nanos(at * 1000);
    event.cpu = CpuId(cpu);
    event.current = Pid(current);
    event.pid = Pid(pid);
    event.name = pid == 0 ? 0 : trace_.intern("task" + std::to_string(pid));
    trace_.events.push_back(event);
    return trace_.events.back();
  }
  SchedTrace trace_;
};

std::vector<TraceEvent> inferred(const SchedTrace& trace) {
  std::vector<TraceEvent> found;
  for (const TraceEvent& event : trace.events)
    if (event.inferred) found.push_back(event);
  return found;
}

// Who leaves a CPU is who came there last, and time does not go back.
void expect_consistent(const SchedTrace& trace) {
  std::map<CpuId, Pid> running;
  Nanos last{0};
  for (const TraceEvent& event : trace.events) {
    EXPECT_GE(event.time, last);
    last = event.time;
    if (event.kind != TraceKind::kSwitch) continue;
    auto [last_one, is_first] = running.try_emplace(event.cpu, event.current);
    EXPECT_EQ(last_one->second, event.current) << event.time.count();
    last_one->second = event.pid;
  }
}

TEST(CompleteSwitches, StartIsWhatTheRunTimeSays) {
  SchedTrace trace =
      Recording().change(10, 1, 5, 0).waking(20, 0, 9, 6).ran(60, 1, 6, 6, 35).change(70, 1, 6, 0).complete();
  std::vector<TraceEvent> found = inferred(trace);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].time, 25_us);
  EXPECT_EQ(found[0].current, Pid(0));
  EXPECT_EQ(found[0].pid, Pid(6));
  EXPECT_EQ(found[0].prio, 110);
  EXPECT_EQ(trace.names[found[0].name], "task6");
  EXPECT_EQ(trace.holes.inferred_switches, 1u);
  EXPECT_EQ(trace.holes.unplaced_wakeups, 0u);
  expect_consistent(trace);
}

TEST(CompleteSwitches, StartIsNotBeforeTheWakingOrTheIdling) {
  SchedTrace woken =
      Recording().change(10, 1, 5, 0).waking(30, 0, 9, 6).ran(60, 1, 6, 6, 35).change(70, 1, 6, 0).complete();
  EXPECT_EQ(inferred(woken).at(0).time, 30_us);
  SchedTrace idled =
      Recording().waking(5, 0, 9, 6).change(10, 1, 5, 0).ran(60, 1, 6, 6, 55).change(70, 1, 6, 0).complete();
  EXPECT_EQ(inferred(idled).at(0).time, 10_us);
  expect_consistent(woken);
  expect_consistent(idled);
}

TEST(CompleteSwitches, RunTimeMayComeAfterTheFirstSign) {
  // 6 wakes 7 before the first account of its time is made.
  SchedTrace trace = Recording()
                         .change(10, 1, 5, 0)
                         .waking(20, 0, 9, 6)
                         .waking(40, 1, 6, 7)
                         .ran(60, 1, 6, 6, 35)
                         .change(70, 1, 6, 7)
                         .complete();
  EXPECT_EQ(inferred(trace).at(0).time, 25_us);
  expect_consistent(trace);
}

TEST(CompleteSwitches, RunTimeMayBeRaisedByAnotherCpu) {
  // 9 on CPU 0 brings the clock of CPU 1 up to date; the second account counts from there only.
  SchedTrace trace = Recording()
                         .change(10, 1, 5, 0)
                         .waking(20, 0, 9, 6)
                         .ran(50, 0, 9, 6, 25)
                         .ran(60, 1, 6, 6, 10)
                         .change(70, 1, 6, 0)
                         .complete();
  EXPECT_EQ(inferred(trace).at(0).time, 25_us);
  expect_consistent(trace);
}

TEST(CompleteSwitches, WithoutRunTimeTheFirstSignCounts) {
  SchedTrace trace = Recording().change(10, 1, 5, 0).waking(20, 0, 9, 6).change(70, 1, 6, 0).complete();
  EXPECT_EQ(inferred(trace).at(0).time, 70_us);
  expect_consistent(trace);
}

TEST(CompleteSwitches, TasksWhoseOwnEventsAreMissing) {
  // 8 comes twice and is not seen leaving: once it was preempted, once it blocked.
  SchedTrace trace = Recording()
                         .change(10, 0, 5, 8, kStateRunning).ran(50, 0, 5, 5, 20)
                         .change(60, 0, 5, 8, kStateRunning).ran(90, 0, 5, 5, 10)
                         .waking(95, 0, 5, 8).complete();
  std::vector<TraceEvent> found = inferred(trace);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].time, 30_us);
  EXPECT_EQ(found[0].current, Pid(8));
  EXPECT_EQ(found[0].state, kStateRunning);
  EXPECT_EQ(found[1].time, 80_us);
  EXPECT_EQ(found[1].state, kStateInterruptible);
  expect_consistent(trace);
}

TEST(CompleteSwitches, WhoIsNotBackWhenTheCpuIdlesHadBlocked) {
  // 6 leaves unseen, as 7 is seen next; its waking is not recorded either.
  auto state_of_6 = [](bool idles) {
    Recording recording;
    recording.change(10, 1, 5, 6).waking(20, 1, 7, 8);
    if (idles) recording.change(30, 1, 7, 0).change(40, 1, 0, 6);
    else recording.change(30, 1, 7, 6);
    return inferred(recording.complete()).at(0).state;
  };
  EXPECT_EQ(state_of_6(true), kStateInterruptible);
  EXPECT_EQ(state_of_6(false), kStateRunning);
}

TEST(CompleteSwitches, SaysWhichCpusLackThem) {
  Recording recording;
  for (int i = 0; i < 16; ++i) {
    recording.change(100 * i, 0, 5, 0).change(100 * i + 50, 0, 0, 5);
    recording.change(100 * i + 60, 1, 6, 0).ran(100 * i + 80, 1, 6, 6, 5);
  }
  SchedTrace trace = recording.complete();
  EXPECT_THAT(trace.holes.no_switch_from_idle, testing::ElementsAre(false, true));
  EXPECT_EQ(trace.holes.inferred_switches, 16u);
  expect_consistent(trace);
}

TEST(CompleteSwitches, WakeupsThatComeToNothingAreCounted) {
  SchedTrace trace = Recording().waking(10, 0, 5, 6).waking(20, 0, 5, 7).change(30, 0, 5, 7).complete();
  EXPECT_EQ(trace.holes.unplaced_wakeups, 1u);
}

TEST(CompleteSwitches, ACompleteTraceStaysAsItIs) {
  Recording recording;
  recording.change(10, 0, 5, 0).change(20, 0, 0, 5).change(30, 1, 0, 6).waking(35, 1, 6, 7).change(40, 1, 6, 7);
  SchedTrace once = recording.complete();
  SchedTrace twice = recording.complete();
  EXPECT_EQ(once.holes.inferred_switches, 0u);
  EXPECT_EQ(once.events, twice.events);
}

TEST(CompleteSwitches, TheSampleIsConsistent) {
  SchedTrace trace = read_trace(SIMSCHED_SOURCE_DIR "/traces/samples/small-build-j4.perf.data.zst");
  EXPECT_EQ(inferred(trace).size(), 41u);
  expect_consistent(trace);
}

}  // namespace
}  // namespace simsched

// rt-app's events on CPUs, against what can be told without a simulation.
#include "workloads/rtapp/rtapp.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "sim/testing.h"

namespace simsched {
namespace {

Workload made(const std::string& tasks, const std::string& global = "") {
  return rtapp::make_workload(rtapp::parse("{\"tasks\": {" + tasks + "}, \"global\": {" + global + "}}", "t.json"));
}

struct Ran {
  RunResult result;
  SchedTrace trace;

  int64_t of(const std::string& task, const std::string& what) const {
    for (const auto& [name, values] : result.task_time_by_name)
      if (name == task)
        for (const auto& [key, value] : values)
          if (key == what) return value;
    return 0;
  }
  // When each wake-up of the task was raised.
  std::vector<Nanos> wakings(const std::string& task) const {
    std::vector<Nanos> times;
    for (const TraceEvent& event : trace.events)
      if (event.kind == TraceKind::kWaking && trace.names[event.name] == task)
        times.push_back(event.time + trace.origin);
    return times;
  }
};

Ran ran(const Workload& workload, const Machine& machine, Nanos duration = Nanos::max()) {
  EngineOptions options;
  options.check_invariants = options.record = true;
  options.duration = duration;
  Engine engine(machine, workload, options, testing::queue_classes());
  engine.run();
  return {engine.result(), engine.trace()};
}
Ran ran(const Workload& workload, size_t cpus, Nanos duration = Nanos::max()) {
  return ran(workload, testing::flat_machine(cpus), duration);
}

// One CPU of half the speed, and a fast one.
Machine slow_and_fast() {
  MachineSpec spec = testing::flat_machine(2).spec();
  spec.cpus[0].capacity = 512;
  return Machine(std::move(spec));
}

constexpr const char* kRunsFor = "work_ns";

TEST(RtAppRun, RunScalesWithTheCpuAndRuntimeDoesNot) {
  const auto task = [](const char* event) {
    return made(std::string("\"t\": {\"loop\": 10, \"cpus\": [0], \"") + event + "\": 3200, \"sleep\": 100}");
  };
  const Ran run = ran(task("run"), slow_and_fast()), runtime = ran(task("runtime"), slow_and_fast());
  EXPECT_EQ(run.of("t-0", kRunsFor), 32'000'000);
  EXPECT_EQ(run.result.metric("makespan_ns"), 10 * (2 * 3'200'000 + 100'000));
  EXPECT_EQ(runtime.of("t-0", kRunsFor), 16'000'000);
  EXPECT_EQ(runtime.result.metric("makespan_ns"), 10 * (3'200'000 + 100'000));
}

TEST(RtAppRun, RuntimeCountsWhileItWaits) {
  // Two on a CPU, in turns: each has had half of it when its time is over.
  const Ran r = ran(made("\"a\": {\"instance\": 2, \"loop\": 1, \"runtime\": 100000}"), 1);
  EXPECT_NEAR(static_cast<double>(r.of("a-0", kRunsFor)), 50e6, 5e6);
  EXPECT_NEAR(static_cast<double>(r.result.metric("makespan_ns")), 100e6, 5e6);
}

TEST(RtAppRun, TimersKeepTheirPeriod) {
  const Ran r = ran(
      made("\"t\": {\"loop\": 20, \"delay\": 500, \"run\": 3000, \"timer\": {\"ref\": \"unique\", \"period\": 10000}}"),
      1);
  const std::vector<Nanos> wakings = r.wakings("t-0");
  ASSERT_EQ(wakings.size(), 21u);  // the delay's, too
  for (size_t i = 0; i < wakings.size(); ++i) EXPECT_EQ(wakings[i], 500_us + 10_ms * static_cast<int64_t>(i));
  EXPECT_EQ(r.of("t-0", kRunsFor), 60'000'000);
}

// The tutorial's pictures of a late timer: 5 ms of work, once 25, in periods of 20.
TEST(RtAppRun, LateTimersBeginAnewOrCatchUp) {
  const auto wakings = [](const char* mode) {
    const std::string timer =
        std::string("\"timer\": {\"ref\": \"unique\", \"period\": 20000, \"mode\": \"") + mode + "\"}";
    return ran(made("\"t\": {\"loop\": 1, \"phases\": {\"a\": {\"run\": 5000, " + timer +
                    "}, \"b\": {\"run\": 25000, " + timer + "}, \"c\": {\"loop\": 2, \"run\": 5000, " + timer + "}}}"),
               1)
        .wakings("t-0");
  };
  EXPECT_EQ(wakings("relative"), (std::vector<Nanos>{20_ms, 65_ms, 85_ms}));
  EXPECT_EQ(wakings("absolute"), (std::vector<Nanos>{20_ms, 60_ms, 80_ms}));
}

TEST(RtAppRun, ASharedTimerGoesOnForEachWhoUsesIt) {
  const Ran r = ran(
      made("\"t\": {\"instance\": 2, \"loop\": 4, \"run\": 1000, \"timer\": {\"ref\": \"tick\", \"period\": 5000}}"),
      2);
  EXPECT_EQ(r.wakings("t-0").back() - r.wakings("t-0").front(), 30_ms);  // every second period
}

TEST(RtAppRun, TwoResumeEachOtherForEver) {
  // doc/examples/tutorial/example4.json
  const Ran r = ran(made("\"a\": {\"run\": 10000, \"resume\": \"b\", \"suspend\": \"a\"},"
                         "\"b\": {\"run\": 10000, \"resume\": \"a\", \"suspend\": \"b\"}",
                         "\"duration\": 1"),
                    1);
  EXPECT_EQ(r.result.metric("makespan_ns"), 1'000'000'000);
  EXPECT_NEAR(static_cast<double>(r.of("a-0", kRunsFor)), 500e6, 20e6);
  EXPECT_NEAR(static_cast<double>(r.wakings("a-1").size() + r.wakings("b-1").size()), 50, 2);
}

TEST(RtAppRun, ResumesAndSignalsAreLostWhenNobodyWaits) {
  const Ran r =
      ran(made("\"a\": {\"loop\": 1, \"resume\": \"b\", \"signal\": \"c\", \"sleep\": 1000, \"resume\": \"b\"},"
               "\"b\": {\"loop\": 1, \"run\": 100, \"suspend\": \"b\"}"),
          2);
  EXPECT_EQ(r.wakings("b-1"), std::vector<Nanos>{1_ms});
}

TEST(RtAppRun, AResumeWakesAllOfTheName) {
  const Ran r = ran(made("\"a\": {\"loop\": 1, \"sleep\": 1000, \"resume\": \"b\"}, \"b\": {\"instance\": 3, \"loop\": "
                         "1, \"suspend\"}"),
                    4);
  for (const char* name : {"b-1", "b-2", "b-3"}) EXPECT_EQ(r.wakings(name).size(), 1u) << name;
}

TEST(RtAppRun, SemaphoresRemember) {
  const Ran r = ran(made("\"a\": {\"loop\": 5, \"sem_post\": \"s\", \"run\": 1000}, \"b\": {\"loop\": 5, \"run\": "
                         "3000, \"sem_wait\": \"s\"}"),
                    2);
  EXPECT_EQ(r.result.metric("makespan_ns"), 15'000'000);
  EXPECT_TRUE(r.wakings("b-1").empty());
}

TEST(RtAppRun, AMutexIsTakenByWhoComesFirst) {
  // What is let go is not handed over: whoever runs takes it again, and those who were woken wait on.
  const std::string task = "{\"loop\": 10, \"lock\": \"m\", \"run\": 1000, \"unlock\": \"m\"}";
  const Ran r = ran(made("\"a\": " + task + ", \"b\": " + task), 2);
  EXPECT_EQ(r.result.metric("makespan_ns"), 20'000'000);
  EXPECT_EQ(r.of("a-0", "lifetime_ns"), 10'000'000);
}

TEST(RtAppRun, AConditionLetsTheMutexGo) {
  const Ran r =
      ran(made("\"w\": {\"loop\": 3, \"lock\": \"m\", \"wait\": {\"ref\": \"c\", \"mutex\": \"m\"}, \"run\": 100, "
               "\"unlock\": \"m\"},"
               "\"s\": {\"loop\": 3, \"sleep\": 1000, \"lock\": \"m\", \"signal\": \"c\", \"unlock\": \"m\"}"),
          2);
  EXPECT_EQ(r.wakings("w-0").size(), 3u);
  EXPECT_EQ(r.result.metric("makespan_ns"), 3'100'000);
}

TEST(RtAppRun, ABarrierWaitsForAllInstances) {
  const Ran r = ran(made("\"a\": {\"loop\": 4, \"run\": 1000, \"barrier\": \"x\"}, \"b\": {\"instance\": 2, \"loop\": "
                         "4, \"run\": 3000, \"barrier\": \"x\"}"),
                    3);
  EXPECT_EQ(r.result.metric("makespan_ns"), 12'000'000);
  EXPECT_EQ(r.of("a-0", "lifetime_ns"), 12'000'000);
}

TEST(RtAppRun, PhasesMoveTasksBetweenCpus) {
  // doc/examples/tutorial/example8.json, twice
  const Ran r = ran(made("\"t\": {\"cpus\": [2], \"loop\": 2, \"phases\": {\"p1\": {\"cpus\": [0], \"run\": 1500},"
                         "\"p2\": {\"cpus\": [1], \"run\": 1500}, \"p3\": {\"run\": 1500}}}"),
                    3);
  EXPECT_EQ(r.result.cpu_busy_ns, (std::vector<int64_t>{3'000'000, 3'000'000, 3'000'000}));
}

TEST(RtAppRun, ForkedTasksRun) {
  // doc/examples/tutorial/example9.json, with bounds
  const Ran r =
      ran(made("\"c\": {\"instance\": 0, \"loop\": 1, \"phases\": {\"p\": {\"run\": 10000, \"sleep\": 10000}}},"
               "\"t\": {\"loop\": 3, \"phases\": {\"p\": {\"fork\": \"c\", \"run\": 5000}}}"),
          4);
  EXPECT_EQ(r.result.metric("forks"), 3);
  EXPECT_EQ(r.result.metric("makespan_ns"), 10'000'000 + 20'000'000);
}

TEST(RtAppRun, TheDurationEndsItWhateverThreadsDo) {
  const Ran r = ran(made("\"t\": {\"instance\": 2, \"run\": 1000, \"suspend\": \"t\"}", "\"duration\": 3"), 1);
  EXPECT_EQ(r.result.metric("makespan_ns"), 3'000'000'000);
}

}  // namespace
}  // namespace simsched

#include "policies/fifo/fifo.h"

#include <gtest/gtest.h>

#include "policies/registry.h"
#include "sim/testing.h"

namespace simsched::fifo {
namespace {

using simsched::testing::add_task;
using simsched::testing::flat_machine;
using simsched::testing::QueueClass;

Op ms(int64_t n) { return op::compute(Work(n * 1'000'000)); }

EngineOptions options_of(uint64_t seed = 1) {
  EngineOptions options;
  options.seed = seed;
  options.check_invariants = true;
  options.record = true;
  return options;
}

// The order in which tasks were first given a CPU, and the trace.
struct Ran {
  RunResult result;
  SchedTrace trace;
};

Ran simulate(const Machine& machine, const Workload& workload, const Tunables& tunables = {}) {
  const EngineOptions options = options_of();
  Engine engine(machine, workload, options, make_policy("fifo", tunables, options.kernel, machine));
  engine.run();
  return {engine.result(), engine.trace()};
}

std::vector<int> order(const Ran& ran) {
  std::vector<int> tasks;
  for (const TraceEvent& event : ran.trace.events)
    if (event.kind == TraceKind::kSwitch && event.pid.value() >= 1000) tasks.push_back(event.pid.value() - 1000);
  return tasks;
}

TEST(Fifo, RunsTasksInTheOrderOfTheirArrival) {
  Workload w;
  for (int i = 0; i < 4; ++i) add_task(w, "t", {op::sleep(Nanos(1000 * (4 - i))), ms(30)});
  const std::vector<int> all = order(simulate(flat_machine(1), w, {{"slice_ns", "0", ""}}));
  const std::vector<int> woken(all.end() - 4, all.end());
  EXPECT_EQ(woken, (std::vector<int>{3, 2, 1, 0}));
}

TEST(Fifo, ASliceEndsOnlyWhileOthersWait) {
  Workload alone, two;
  add_task(alone, "t", {ms(100)});
  for (int i = 0; i < 2; ++i) add_task(two, "t", {ms(100)});
  EXPECT_EQ(simulate(flat_machine(1), alone).result.metric("context_switches_involuntary"), 0);
  EXPECT_EQ(simulate(flat_machine(1), two, {{"slice_ns", "0", ""}}).result.metric("context_switches_involuntary"), 0);
  const int64_t turns = simulate(flat_machine(1), two).result.metric("context_switches_involuntary");
  EXPECT_GE(turns, 6);
  EXPECT_LE(turns, 10);
  EXPECT_GT(simulate(flat_machine(1), two, {{"slice_ns", "4ms", ""}}).result.metric("context_switches_involuntary"),
            2 * turns);
}

TEST(Fifo, NobodyIsPreemptedByWhoeverWakesUp) {
  Workload w;
  add_task(w, "hog", {ms(15)});
  add_task(w, "sleeper", {op::sleep(1_ms), ms(1)});
  const Ran one = simulate(flat_machine(1), w);
  EXPECT_EQ(one.result.metric("context_switches_involuntary"), 0);
  EXPECT_GE(one.result.metric("wake_latency_ns_max"), 13'000'000);
}

TEST(Fifo, AWakingTaskGoesToAnIdleCpuAndAFreeCpuTakesWhatWaits) {
  Workload w;
  for (int i = 0; i < 4; ++i) {
    TaskId task = add_task(w, "t", {ms(10), op::sleep(1_ms), ms(10)});
    w.tasks[task.index()].start_cpu = CpuId(0);
  }
  EXPECT_LE(simulate(flat_machine(4), w).result.metric("makespan_ns"), 22'000'000);
}

TEST(Fifo, TasksStayWhereTheyMayRun) {
  Workload w;
  for (int i = 0; i < 4; ++i) {
    TaskId task = add_task(w, "bound", {ms(10)});
    w.tasks[task.index()].affinity = w.intern_affinity(CpuSet::parse("1"));
  }
  add_task(w, "free", {ms(5)});
  const Ran one = simulate(flat_machine(3), w);
  EXPECT_EQ(one.result.metric("makespan_ns"), 40'000'000);
  EXPECT_EQ(one.result.status, "ok");
}

TEST(Fifo, YieldingMeansTheEndOfTheLine) {
  Workload w;
  add_task(w, "kind", {ms(1), op::yield(), ms(1)});
  add_task(w, "other", {ms(5)});
  const std::vector<int> tasks = order(simulate(flat_machine(1), w));
  EXPECT_EQ(tasks, (std::vector<int>{0, 1, 0}));
}

// A simulation that was copied in mid-run goes on as its original does.
TEST(Fifo, ASnapshotGoesOnAsItsOriginal) {
  Workload w;
  for (int i = 0; i < 9; ++i) add_task(w, "t", {ms(3 + i), op::sleep(Nanos(400'000 * (i + 1))), op::loop(0, 20)});
  const Machine machine = flat_machine(3);
  auto make = [&](uint64_t seed) {
    ClassStack stack;
    stack.push_back(std::make_unique<QueueClass>(true));
    stack.push_back(std::make_unique<FifoClass>(Params{.slice = 5_ms}));
    return std::make_unique<Engine>(machine, w, options_of(seed), std::move(stack));
  };
  auto whole = make(3);
  whole->run();
  for (int i = 1; i <= 20; ++i) {
    auto first = make(3), twin = make(3);
    first->run_until(Nanos(17'000'003 * i));
    twin->assign(*first);
    twin->run();
    EXPECT_EQ(twin->result().metrics, whole->result().metrics) << i;
    EXPECT_EQ(twin->trace().events, whole->trace().events) << i;
  }
}

}  // namespace
}  // namespace simsched::fifo

// A simulation that was copied in mid-run goes on as the one that it was copied from.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/rng.h"
#include "sim/engine.h"
#include "sim/testing.h"

namespace simsched {
namespace {

using testing::add_task;
using testing::flat_machine;
using testing::queue_classes;

// Tasks that compute, sleep, fork, exec, signal and wait for each other.
Workload talking_workload() {
  Workload w;
  w.nr_tokens = 2;
  for (int i = 0; i < 6; ++i) {
    std::string name = "t" + std::to_string(i);
    TaskId parent = add_task(w, name,
                             {op::compute(Work(300'000 + 70'000 * i)), op::fork(TaskId(2 * i + 1)),
                              op::sleep(Nanos(150'000)), op::signal(TokenId(0)), op::exec(), op::compute(Work(200'001)),
                              op::wait(TokenId(1)), op::loop(2, 6), op::wait_child()});
    add_task(w, name + "-child",
             {op::compute(Work(90'000)), op::wait(TokenId(0)), op::sleep(Nanos(40'000), kOpElsewhere),
              op::signal(TokenId(1)), op::compute(Work(777'777)), op::loop(2, 6)},
             parent);
  }
  return w;
}

std::unique_ptr<Engine> make(const Machine& machine, const Workload& workload, uint64_t seed, bool record = true) {
  EngineOptions options;
  options.seed = seed;
  options.record = record;
  options.duration = 40_ms;
  options.hotplug = {{Nanos(900'000), CpuId(1), false}, {Nanos(1'500'000), CpuId(1), true}};
  return std::make_unique<Engine>(machine, workload, options, queue_classes());
}

void expect_same(const Engine& a, const Engine& b, bool traces = true) {
  RunResult x = a.result(), y = b.result();
  EXPECT_EQ(x.figures(), y.figures());
  EXPECT_EQ(x.task_time, y.task_time);
  EXPECT_EQ(x.cpu_time, y.cpu_time);
  EXPECT_EQ(x.cpu_busy_ns, y.cpu_busy_ns);
  if (!traces) return;
  EXPECT_EQ(a.trace().events, b.trace().events);
}

RC_GTEST_PROP(Snapshot, GoesOnAsItsOriginalWould, ()) {
  MachineSpec spec = flat_machine(4, 2).spec();
  spec.costs = {};
  spec.smt_share = 700;
  spec.cpus[3].capacity = spec.cpus[2].capacity = 611;
  const Machine machine(spec);
  const Workload workload = talking_workload();
  const auto seed = *rc::gen::inRange<uint64_t>(1, 1000);
  auto whole = make(machine, workload, seed);
  whole->run();
  const Nanos end = whole->now();

  auto original = make(machine, workload, seed);
  original->run_until(Nanos(*rc::gen::inRange<int64_t>(0, end.count())));
  auto twin = make(machine, workload, seed);
  twin->run_until(Nanos(*rc::gen::inRange<int64_t>(0, end.count())));  // whatever it did before is gone
  twin->assign(*original);
  twin->run();
  original->run();
  expect_same(*twin, *whole);
  expect_same(*original, *whole);
}

TEST(Snapshot, NeedsNoTraceOfItsOwn) {
  const Machine machine = flat_machine(2);
  const Workload workload = talking_workload();
  auto original = make(machine, workload, 1);
  auto twin = make(machine, workload, 1, false);
  ASSERT_TRUE(original->run_until(1_ms));
  twin->assign(*original);
  original->run();
  twin->run();
  expect_same(*twin, *original, false);
}

TEST(Snapshot, RunUntilStopsBetweenEventsAndStopEndsThere) {
  const Machine machine = flat_machine(1);
  Workload workload;
  add_task(workload, "a", {op::compute(Work(3'000'000)), op::sleep(Nanos(1'000'000)), op::compute(Work(3'000'000))});
  Engine engine(machine, workload, {}, queue_classes());
  EXPECT_TRUE(engine.run_until(2_ms));
  EXPECT_LE(engine.now(), 2_ms);
  EXPECT_TRUE(engine.run_until(3_ms));
  EXPECT_EQ(engine.now(), 3_ms);  // the event at that time is handled
  engine.stop();
  EXPECT_FALSE(engine.step());
  RunResult result = engine.result();
  EXPECT_EQ(result.metric("makespan_ns"), 3'000'000);
  EXPECT_EQ(result.metric("tasks_exited"), 0);
}

TEST(SnapshotDeathTest, NeedsATwinOfTheSameInputs) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const Machine machine = flat_machine(2);
  const Workload workload = talking_workload();
  auto a = make(machine, workload, 1), b = make(machine, workload, 2);
  EXPECT_DEATH(a->assign(*b), "other inputs");
}

}  // namespace
}  // namespace simsched

#include "policies/rt.h"

#include <gtest/gtest.h>

#include "policies/registry.h"
#include "sim/testing.h"

namespace simsched {
namespace {

using testing::add_task;
using testing::flat_machine;

TaskId add_rt(Workload& w, const char* name, int priority, SchedPolicy policy, const std::vector<Op>& ops) {
  TaskId task = add_task(w, name, ops);
  w.tasks[task.index()].policy = policy;
  w.tasks[task.index()].rt_priority = static_cast<uint8_t>(priority);
  return task;
}

RunResult run(const Machine& machine, const Workload& workload) {
  EngineOptions options;
  options.check_invariants = true;
  Engine engine(machine, workload, options, make_policy("eevdf", {}, options.kernel, machine));
  engine.run();
  return engine.result();
}

TEST(Rt, PreemptsFairTasksAtOnce) {
  Workload w;
  add_task(w, "hog", {op::compute(Work(1000000000))});
  w.tasks[0].background = true;
  add_rt(w, "rt", 1, SchedPolicy::kFifo, {op::sleep(10_ms), op::compute(Work(1000000)), op::loop(0, 50)});
  Machine m = flat_machine(1);
  EXPECT_EQ(run(m, w).metric("wake_latency_ns_max"), 0);
}

TEST(Rt, FifoRunsToItsEnd) {
  Workload w;
  for (int i = 0; i < 2; ++i) add_rt(w, "fifo", 10, SchedPolicy::kFifo, {op::compute(Work(500000000))});
  Machine m = flat_machine(1);
  EXPECT_LE(run(m, w).metric("context_switches"), 4);
}

TEST(Rt, RoundRobinTakesTurnsEvery100ms) {
  Workload w;
  for (int i = 0; i < 2; ++i) add_rt(w, "rr", 10, SchedPolicy::kRr, {op::compute(Work(500000000))});
  Machine m = flat_machine(1);
  EXPECT_NEAR(static_cast<double>(run(m, w).metric("context_switches")), 10, 2);
}

TEST(Rt, TheHighestPrioritiesRunWhereverTheyWake) {
  // Two CPUs, three tasks that wake on CPU 0: the two more important ones run at once.
  Workload w;
  for (int priority : {1, 2, 3}) {
    TaskId task = add_rt(w, "rt", priority, SchedPolicy::kFifo,
                         {op::sleep(Nanos(1000000 * priority)), op::compute(Work(20000000)), op::loop(0, 10)});
    w.tasks[task.index()].start_cpu = CpuId(0);
  }
  w.tasks[0].background = true;
  Machine m = flat_machine(2);
  EXPECT_EQ(run(m, w).metric("makespan_ns"), 10 * (3000000 + 20000000));
}

TEST(Rt, AFreeCpuPullsWhatWaits) {
  Workload w;
  for (int i = 0; i < 2; ++i) {
    TaskId task = add_rt(w, "rt", 5, SchedPolicy::kFifo, {op::compute(Work(100000000))});
    w.tasks[task.index()].start_cpu = CpuId(0);
  }
  add_rt(w, "other", 5, SchedPolicy::kFifo, {op::compute(Work(10000000))});
  w.tasks[2].start_cpu = CpuId(1);
  Machine m = flat_machine(2);
  EXPECT_LE(run(m, w).metric("makespan_ns"), 111000000);
}

}  // namespace
}  // namespace simsched

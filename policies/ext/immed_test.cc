// SCX_ENQ_IMMED of 7.1: a task that the scheduler puts on a local queue to run at once, or to have it back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policies/ext/testing.h"

namespace simsched::ext {
namespace {

using simsched::testing::add_task;
using simsched::testing::flat_machine;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using namespace testing;

EngineOptions kernel(const char* version) {
  EngineOptions options;
  options.kernel.version = version;
  return options;
}

struct Immed : ::testing::Test {
  Immed() {
    s.select_cpu = [](TaskId, CpuId prev, uint64_t) { return prev.value(); };
    s.enqueue = [this](TaskId task, uint64_t flags) {
      if (flags & kEnqReenq) {
        again.push_back(task.value());
        reasons.push_back(*s.ext->fields(task).flags & kTaskReenqReasons);
      }
      s.ext->dsq_insert(task, kDsqLocal, slice, flags & kEnqReenq ? flags : flags | kEnqImmed);
    };
  }
  uint64_t slice = 100'000'000;
  std::vector<int32_t> again;
  std::vector<uint32_t> reasons;
  Script s;
  const Machine machine = flat_machine(1);
};

TEST_F(Immed, ComesBackFromACpuThatIsTaken) {
  Workload w;
  add_hog(w, "first", 20, CpuId(0));
  add_task(w, "second", {op::sleep(3_ms), op::compute(ms(1))});
  w.tasks[1].start_cpu = CpuId(0);
  Simulation simulation(machine, w, s, kernel("7.1"));
  EXPECT_EQ(simulation.run().status, "ok");
  EXPECT_THAT(again, ElementsAre(1));  // once: without the flag it waits
  EXPECT_THAT(reasons, ElementsAre(kTaskReenqImmed));
  EXPECT_EQ(simulation.event("REENQ_IMMED"), 1);
}

TEST_F(Immed, RunsOnACpuThatIsFree) {
  Workload w;
  add_task(w, "task", {op::compute(ms(1)), op::sleep(1_ms), op::loop(0, 5)});
  EXPECT_EQ(simulate(machine, w, s, kernel("7.1")).status, "ok");
  EXPECT_THAT(again, IsEmpty());
}

TEST_F(Immed, MeansNothingBefore) {
  Workload w;
  for (const char* name : {"first", "second"}) add_hog(w, name, 20, CpuId(0));
  Simulation simulation(machine, w, s, kernel("7.0"));
  EXPECT_EQ(simulation.run().status, "ok");
  EXPECT_THAT(again, IsEmpty());
  EXPECT_EQ(simulation.event("REENQ_IMMED"), -1);
}

TEST_F(Immed, ComesBackWhenAHigherClassTakesTheCpu) {
  Workload w;
  add_hog(w, "task", 5, CpuId(0));
  w.tasks[add_rt(w, "rt", {op::compute(ms(1))}, CpuId(0)).index()].start = 2_ms;
  EXPECT_EQ(simulate(machine, w, s, kernel("7.1")).status, "ok");
  EXPECT_THAT(again, ElementsAre(0));
  EXPECT_THAT(reasons, ElementsAre(kTaskReenqPreempted));
}

TEST_F(Immed, IsForLocalQueuesAlone) {
  Workload w;
  add_hog(w, "task", 5);
  s.enqueue = [this](TaskId task, uint64_t flags) { s.ext->dsq_insert(task, kDsqGlobal, slice, flags | kEnqImmed); };
  simulate(machine, w, s, kernel("7.1"));
  ASSERT_EQ(s.exits.size(), 1u);
  EXPECT_THAT(s.exits[0].message, HasSubstr("SCX_ENQ_IMMED on a non-local DSQ 0x8000000000000001"));
}

}  // namespace
}  // namespace simsched::ext

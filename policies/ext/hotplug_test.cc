// CPUs that go away and come back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policies/ext/testing.h"

namespace simsched::ext {
namespace {

using simsched::testing::add_task;
using simsched::testing::flat_machine;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using namespace testing;

EngineOptions plug(std::vector<HotplugEvent> events) {
  EngineOptions options;
  options.hotplug = std::move(events);
  return options;
}

Workload busy(size_t tasks) {
  Workload w;
  for (size_t i = 0; i < tasks; ++i) add_task(w, "task", {op::compute(ms(3)), op::sleep(1_ms), op::loop(0, 20)});
  return w;
}

TEST(ExtHotplug, ASchedulerThatHandlesItIsToldAndStays) {
  Workload w = busy(4);
  Script s = Script::shared_queue();
  std::vector<std::string> log;
  s.cpu_online = [&](CpuId cpu) { log.push_back("online " + std::to_string(cpu.value())); };
  s.cpu_offline = [&](CpuId cpu) { log.push_back("offline " + std::to_string(cpu.value())); };
  s.running = [&](TaskId task) {
    bool away = s.ext->kernel().now() > 10_ms && s.ext->kernel().now() < 30_ms;
    EXPECT_FALSE(away && s.ext->task_cpu(task) == CpuId(1));
  };
  Machine machine = flat_machine(2);
  Simulation sim(machine, w, s, plug({{10_ms, CpuId(1), false}, {30_ms, CpuId(1), true}}));
  EXPECT_EQ(sim.run().status, "ok");
  EXPECT_THAT(log, ElementsAre("offline 1", "online 1"));
  EXPECT_TRUE(sim.ext().enabled());
}

TEST(ExtHotplug, OneThatDoesNotLeavesAndIsLoadedAgain) {
  for (bool handles_offline : {false, true}) {
    Workload w = busy(4);
    Script s = Script::shared_queue();
    if (handles_offline) s.cpu_offline = [](CpuId) {};
    Machine machine = flat_machine(2);
    Simulation sim(machine, w, s, plug({{10_ms, CpuId(1), false}, {30_ms, CpuId(1), true}}));
    EXPECT_EQ(sim.run().status, "ok");
    ASSERT_EQ(s.exits.size(), handles_offline ? 1u : 2u);
    EXPECT_EQ(s.exits[0].kind, ExitKind::kUnregKern);
    EXPECT_EQ(static_cast<uint64_t>(s.exits[0].exit_code), kEcodeActRestart | kEcodeRsnHotplug);
    EXPECT_EQ(s.exits[0].message,
              std::string("cpu 1 going ") + (handles_offline ? "online" : "offline") + ", exiting scheduler");
    EXPECT_TRUE(sim.ext().enabled());
  }
}

TEST(ExtHotplug, WhileItIsLoadedAgainTheFairClassRunsTheTasks) {
  Workload w = busy(4);
  Script s = Script::shared_queue();
  ExtOptions ext;
  ext.restart_delay = 15_ms;
  std::vector<Nanos> inits;
  s.init = [&] { return inits.push_back(s.ext->kernel().now()), s.ext->create_dsq(0, -1); };
  Machine machine = flat_machine(2);
  Simulation sim(machine, w, s, plug({{10_ms, CpuId(1), false}}), ext);
  EXPECT_EQ(sim.run().status, "ok");
  EXPECT_THAT(inits, ElementsAre(0_ms, 25_ms));
}

TEST(ExtHotplug, ASequenceNumberThatIsNotUpToDateAsksForARestart) {
  Workload w = busy(1);
  Script s = Script::shared_queue();
  s.info.hotplug_seq = 7;
  int inits = 0;
  s.init = [&] {
    if (++inits == 2) s.info.hotplug_seq = 0;  // for the next time
    return s.ext->create_dsq(0, -1);
  };
  Machine machine = flat_machine(2);
  Simulation sim(machine, w, s);
  EXPECT_EQ(sim.run().status, "ok");
  EXPECT_EQ(inits, 3);
  ASSERT_EQ(s.exits.size(), 2u);
  EXPECT_EQ(s.exits[0].message, "expected hotplug seq 7 did not match actual 0");
  EXPECT_EQ(static_cast<uint64_t>(s.exits[0].exit_code), kEcodeActRestart | kEcodeRsnHotplug);
}

TEST(ExtHotplug, AnOfflineCpuIsNeverPickedAsIdle) {
  Workload w = busy(3);
  Script s = Script::shared_queue();
  s.cpu_online = s.cpu_offline = [](CpuId) {};
  s.select_cpu = [&](TaskId task, CpuId prev, uint64_t flags) {
    bool idle = false;
    int32_t cpu = s.ext->select_cpu_dfl(task, prev.value(), flags, &idle);
    if (idle) {
      EXPECT_TRUE(s.ext->online_cpus().contains(CpuId(cpu)));
    }
    return cpu;
  };
  Machine machine = flat_machine(4);
  EXPECT_EQ(simulate(machine, w, s, plug({{10_ms, CpuId(1), false}, {12_ms, CpuId(2), false}, {40_ms, CpuId(2), true}}))
                .status,
            "ok");
}

TEST(ExtHotplug, ADispatchToAnOfflineCpuGoesToTheGlobalQueue) {
  Workload w = busy(1);
  Script s;
  s.cpu_offline = [](CpuId) {};
  s.select_cpu = [](TaskId, CpuId, uint64_t) { return 0; };
  s.enqueue = [&](TaskId task, uint64_t flags) { s.ext->dsq_insert(task, kDsqLocalOn | 1, kSliceDfl, flags); };
  Machine machine = flat_machine(2);
  Simulation sim(machine, w, s, plug({{10_ms, CpuId(1), false}}));
  EXPECT_EQ(sim.run().status, "ok");
  EXPECT_GT(sim.event("DISPATCH_LOCAL_DSQ_OFFLINE"), 5);
}

TEST(ExtHotplug, ATaskWhoseOnlyCpuGoesRunsElsewhere) {
  Workload w;
  for (int i = 0; i < 2; ++i) pin(w, add_hog(w, "bound", 30), CpuSet::single(CpuId(1)));
  Script s = Script::shared_queue();
  s.cpu_offline = [](CpuId) {};
  Machine machine = flat_machine(2);
  RunResult result = simulate(machine, w, s, plug({{10_ms, CpuId(1), false}}));
  EXPECT_EQ(result.status, "ok");
  EXPECT_EQ(result.cpu_busy_ns[0], 50'000'000);
}

}  // namespace
}  // namespace simsched::ext

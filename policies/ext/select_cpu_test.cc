// Where a waking task goes: ops.select_cpu(), the built-in idle selection, and what replaces it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "policies/ext/testing.h"

namespace simsched::ext {
namespace {

using simsched::testing::add_task;
using simsched::testing::flat_machine;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using namespace testing;

// Two LLCs to a node, two CPUs to an LLC.
Machine llc_machine(size_t nodes) {
  MachineSpec spec = flat_machine(1).spec();
  spec.cpus.clear();
  spec.distances.clear();
  for (size_t i = 0; i < nodes * 4; ++i) spec.cpus.push_back({CoreId(i), LlcId(i / 2), NodeId(i / 4)});
  return Machine(std::move(spec));
}

TEST(ExtSelectCpu, WithoutTheCallbackATaskStaysOnItsIdleCpuAndSkipsEnqueue) {
  Workload w;
  TaskId task = add_task(w, "task", {op::compute(ms(1)), op::sleep(3_ms), op::loop(0, 10)});
  w.tasks[task.index()].start_cpu = CpuId(2);
  Script s = Script::shared_queue();
  Machine machine = flat_machine(4);
  Simulation sim(machine, w, s);
  RunResult result = sim.run();
  EXPECT_EQ(result.status, "ok");
  EXPECT_EQ(sim.ext().calls(Op::kEnqueue), 0u);
  EXPECT_EQ(result.cpu_busy_ns[2], 10'000'000);
}

TEST(ExtSelectCpu, WakeFlagsSayWhy) {
  Workload w;
  w.nr_tokens = 1;
  TaskId child = add_task(w, "child", {op::compute(ms(1)), op::sleep(1_ms), op::compute(ms(1)), op::wait(TokenId(0))});
  TaskId parent =
      add_task(w, "parent", {op::fork(child), op::sleep(10_ms), op::compute(ms(1)), op::signal(TokenId(0))});
  w.ops[w.tasks[parent.index()].first_op + 3].flags = kOpSync;
  w.tasks[child.index()].parent = parent;
  std::vector<uint64_t> flags, enq_flags;
  Script s;
  s.select_cpu = [&](TaskId task, CpuId prev, uint64_t wake) {
    if (task == child) flags.push_back(wake);
    return prev.value();
  };
  s.enqueue = [&](TaskId task, uint64_t enq) {
    if (task == child) enq_flags.push_back(enq & (kEnqWakeup | kEnqCpuSelected));
    s.ext->dsq_insert(task, kDsqLocal, kSliceDfl, enq);
  };
  Machine machine = flat_machine(2);
  simulate(machine, w, s);
  EXPECT_THAT(flags, ElementsAre(kWakeFork, kWakeTtwu, kWakeTtwu | kWakeSync));
  EXPECT_THAT(enq_flags, ElementsAre(0, kEnqWakeup | kEnqCpuSelected, kEnqWakeup | kEnqCpuSelected));
}

TEST(ExtSelectCpu, IsNotAskedForATaskBoundToOneCpu) {
  Workload w;
  TaskId task = add_task(w, "bound", {op::compute(ms(1)), op::sleep(1_ms), op::loop(0, 3)});
  pin(w, task, CpuSet::single(CpuId(1)));
  Script s = Script::shared_queue();
  int selects = 0;
  std::vector<int32_t> idle;
  s.select_cpu = [&](TaskId, CpuId prev, uint64_t) { return ++selects, prev.value(); };
  s.enqueue = [&](TaskId t, uint64_t flags) {
    EXPECT_FALSE(flags & kEnqCpuSelected);
    idle.push_back(s.ext->select_cpu_and(t, 1, 0, s.ext->online_cpus(), 0));
    bool is_idle = true;
    EXPECT_EQ(s.ext->select_cpu_dfl(t, 1, 0, &is_idle), 1);
    EXPECT_FALSE(is_idle);  // claimed just now
    s.ext->dsq_insert(t, kDsqLocal, kSliceDfl, flags);
  };
  Machine machine = flat_machine(3);
  EngineOptions options;
  options.kernel.version = "6.16";
  simulate(machine, w, s, options);
  EXPECT_EQ(selects, 0);
  EXPECT_THAT(idle, ElementsAre(1, 1, 1, 1));
}

TEST(ExtSelectCpu, ACpuThatIsNotAllowedIsReplaced) {
  Workload w;
  TaskId task = add_task(w, "task", {op::compute(ms(1)), op::sleep(1_ms), op::loop(0, 4)});
  pin(w, task, CpuSet::parse("1-2"));
  w.tasks[task.index()].start_cpu = CpuId(2);
  Script s;
  s.select_cpu = [](TaskId, CpuId, uint64_t) { return 3; };
  s.enqueue = [&](TaskId t, uint64_t flags) { s.ext->dsq_insert(t, kDsqLocal, kSliceDfl, flags); };
  Machine machine = flat_machine(4);
  Simulation sim(machine, w, s);
  RunResult result = sim.run();
  EXPECT_EQ(result.status, "ok");
  EXPECT_EQ(result.cpu_busy_ns[1], 4'000'000);     // the first allowed one of the node
  EXPECT_EQ(sim.event("SELECT_CPU_FALLBACK"), 4);  // the first placement is not a wake-up
}

TEST(ExtSelectCpu, ACpuThatDoesNotExistIsAnError) {
  Workload w;
  add_hog(w, "task", 1);
  Script s;
  s.select_cpu = [](TaskId, CpuId, uint64_t) { return 9; };
  Machine machine = flat_machine(2);
  EXPECT_THAT(simulate(machine, w, s).status, HasSubstr("invalid CPU 9 from ops.select_cpu()"));
}

TEST(ExtSelectCpu, ADirectDispatchLasts) {
  Workload w;
  add_task(w, "task", {op::compute(ms(1)), op::sleep(1_ms), op::loop(0, 5)});
  Script s;
  s.select_cpu = [&](TaskId task, CpuId, uint64_t) {
    s.ext->dsq_insert(task, kDsqLocal, 5'000'000, 0);
    return 1;
  };
  s.enqueue = [](TaskId, uint64_t) { ADD_FAILURE() << "it was dispatched already"; };
  s.running = [&](TaskId task) {
    EXPECT_EQ(s.ext->task_cpu(task), CpuId(1));  // LOCAL is that of the chosen CPU
    EXPECT_EQ(s.slice(task), 5'000'000u);
  };
  Machine machine = flat_machine(3);
  EXPECT_EQ(simulate(machine, w, s).status, "ok");
}

TEST(ExtSelectCpu, ExecDoesNotMoveATask) {
  Workload w;
  for (int i = 0; i < 4; ++i) {
    TaskId task = add_task(w, "exec", {op::compute(ms(1)), op::exec(), op::compute(ms(1)), op::loop(0, 5)});
    pin(w, task, CpuSet::parse("0-1"));
  }
  Script s;
  int selects = 0;
  s.select_cpu = [&](TaskId, CpuId, uint64_t) { return ++selects, 0; };
  Machine machine = flat_machine(8);
  EXPECT_EQ(simulate(machine, w, s).status, "ok");
  EXPECT_EQ(selects, 4);
}

TEST(ExtSelectCpu, ASyncWakerHandsItsCpuOverUnlessThePreviousOneIsIdleAndNear) {
  // Waker on CPU 0, where another task waits when `queue`; wakee's previous CPU `prev`, where a hog runs when `busy`.
  auto where = [](int prev, bool busy, bool queue) {
    Workload w;
    w.nr_tokens = 1;
    TaskId wakee = add_task(w, "wakee", {op::compute(ms(1)), op::wait(TokenId(0)), op::compute(ms(1))});
    TaskId waker =
        add_task(w, "waker", {op::sleep(10_ms), op::compute(ms(1)), op::signal(TokenId(0)), op::sleep(5_ms)});
    w.ops[w.tasks[waker.index()].first_op + 2].flags = kOpSync;
    TaskId hog = add_task(w, "hog", {op::sleep(5_ms), op::compute(ms(busy ? 20 : 1))});
    w.tasks[wakee.index()].start_cpu = w.tasks[hog.index()].start_cpu = CpuId(prev);
    w.tasks[waker.index()].start_cpu = CpuId(0);
    TaskId waiting = add_hog(w, "waiting", 1, CpuId(queue ? 0 : 2));
    w.tasks[waiting.index()].start = 10500_us;
    Script s;
    int32_t chosen = -1;
    s.select_cpu = [&](TaskId task, CpuId from, uint64_t flags) {
      bool idle = false;
      if (task == wakee && (flags & kWakeSync)) chosen = s.ext->select_cpu_dfl(task, from.value(), flags, &idle);
      s.ext->dsq_insert(task, kDsqLocal, kSliceDfl, 0);
      return idle ? chosen : from.value();
    };
    Machine machine = llc_machine(1);
    EXPECT_EQ(simulate(machine, w, s).status, "ok");
    return chosen;
  };
  EXPECT_EQ(where(1, false, false), 1);  // idle, and it shares the waker's cache
  EXPECT_EQ(where(1, true, false), 0);
  EXPECT_EQ(where(3, false, false), 0);  // another cache
  EXPECT_EQ(where(3, false, true), 3);
}

TEST(ExtSelectCpu, TheSearchWidensFromTheCacheToTheNodeToTheMachine) {
  Machine machine = llc_machine(2);
  Workload w;
  add_task(w, "task", {op::sleep(10_ms), op::compute(ms(1))});
  Script s;
  std::vector<int32_t> found;
  s.select_cpu = [&](TaskId task, CpuId prev, uint64_t flags) {
    if (!(flags & kWakeTtwu)) return prev.value();
    for (int i = 0; i < 9; ++i) {
      bool idle = false;
      int32_t cpu = s.ext->select_cpu_dfl(task, 5, 0, &idle);
      found.push_back(idle ? cpu : -1);
    }
    return prev.value();
  };
  simulate(machine, w, s);
  // Node and LLC of CPU 5: 4-5, then its node's 6-7, then the others, where CPU 0's own search stands.
  ASSERT_EQ(found.size(), 9u);
  EXPECT_EQ(found[0], 5);
  EXPECT_EQ(found[1], 4);
  EXPECT_EQ((std::set<int32_t>{found[2], found[3]}), (std::set<int32_t>{6, 7}));
  EXPECT_EQ((std::set<int32_t>{found.begin() + 4, found.begin() + 8}), (std::set<int32_t>{0, 1, 2, 3}));
  EXPECT_EQ(found[8], -1);
}

TEST(ExtSelectCpu, WholeCoresComeFirst) {
  Machine machine = flat_machine(8, 2);
  Workload w;
  add_task(w, "task", {op::sleep(10_ms), op::compute(ms(1))});
  Script s;
  std::vector<int32_t> found;
  s.select_cpu = [&](TaskId task, CpuId prev, uint64_t flags) {
    if (!(flags & kWakeTtwu)) return prev.value();
    for (int i = 0; i < 8; ++i) {
      found.push_back(s.ext->select_cpu_and(task, 2, 0, s.ext->online_cpus(), i < 5 ? kPickIdleCore : uint64_t{0}));
    }
    return prev.value();
  };
  simulate(machine, w, s);
  std::set<int32_t> cores;
  for (int i = 0; i < 4; ++i) cores.insert(found[static_cast<size_t>(i)] / 2);
  EXPECT_EQ(found[0], 2);
  EXPECT_EQ(cores.size(), 4u);
  EXPECT_EQ(found[4], -kEBUSY);  // idle halves only
  EXPECT_EQ(std::count_if(found.begin() + 5, found.end(), [](int32_t c) { return c >= 0; }), 3);
}

TEST(ExtSelectCpu, SelectCpuAndStaysWithinBothSets) {
  Workload w;
  TaskId task = add_task(w, "task", {op::compute(ms(1)), op::sleep(1_ms), op::loop(0, 10)});
  pin(w, task, CpuSet::parse("1-4"));
  Script s;
  std::vector<int32_t> found;
  s.select_cpu = [&](TaskId t, CpuId prev, uint64_t) {
    if (found.empty()) {
      EXPECT_EQ(s.ext->select_cpu_and(t, prev.value(), 0, CpuSet::parse("5-7"), 0), -kEBUSY);
      for (int i = 0; i < 3; ++i) found.push_back(s.ext->select_cpu_and(t, 0, 0, CpuSet::parse("0,3-7"), 0));
      EXPECT_EQ(s.ext->select_cpu_and(t, -1, 0, CpuSet::parse("5-7"), 0), -kEINVAL);
    }
    return 1;
  };
  Machine machine = flat_machine(8);
  EXPECT_THAT(simulate(machine, w, s).status, HasSubstr("invalid CPU -1"));
  std::sort(found.begin(), found.end());
  EXPECT_THAT(found, ElementsAre(-kEBUSY, 3, 4));
}

TEST(ExtSelectCpu, UpdateIdleReplacesTheBuiltInTracking) {
  Workload w;
  for (int i = 0; i < 3; ++i) add_task(w, "task", {op::compute(ms(1)), op::sleep(2_ms), op::loop(0, 5)});
  Machine machine = flat_machine(2);
  for (bool keep : {false, true}) {
    Script s = Script::shared_queue();
    if (keep) s.info.flags = kOpsKeepBuiltinIdle;
    std::vector<bool> idle(2, true);
    int changes = 0;
    s.update_idle = [&](CpuId cpu, bool now) {
      EXPECT_NE(idle[cpu.index()], now) << "not a change";
      idle[cpu.index()] = now;
      ++changes;
    };
    s.running = [&](TaskId task) { EXPECT_FALSE(idle[s.ext->task_cpu(task).index()]) << "it learns of it before"; };
    s.select_cpu = [&](TaskId task, CpuId prev, uint64_t flags) {
      bool is_idle = false;
      return s.ext->select_cpu_dfl(task, prev.value(), flags, &is_idle);
    };
    RunResult result = simulate(machine, w, s);
    if (keep) {
      EXPECT_EQ(result.status, "ok");
      EXPECT_GT(changes, 10);
    } else {
      EXPECT_THAT(result.status, HasSubstr("built-in idle tracking is disabled"));
    }
  }
}

TEST(ExtSelectCpu, ARunningCpuIsNotCountedIdle) {
  Workload w;
  for (int i = 0; i < 6; ++i) add_task(w, "task", {op::compute(Work(700'000)), op::sleep(1_ms), op::loop(0, 50)});
  Script s = Script::shared_queue();
  auto check = [&](TaskId task) {
    EXPECT_FALSE(s.ext->idle_cpumask().contains(s.ext->task_cpu(task)));
    EXPECT_FALSE(s.ext->idle_smtmask().contains(s.ext->task_cpu(task)));
  };
  s.running = check;
  s.stopping = [&](TaskId task, bool) { check(task); };
  Machine machine = flat_machine(4, 2);
  EXPECT_EQ(simulate(machine, w, s).status, "ok");
}

}  // namespace
}  // namespace simsched::ext

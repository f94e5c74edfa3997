// The class as a whole, in the engine.
#include "policies/fair/fair.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <array>
#include <map>

#include "base/error.h"
#include "base/rng.h"
#include "policies/registry.h"
#include "sim/testing.h"
#include "topology/load/load.h"

namespace simsched {
namespace {

using testing::add_task;
using testing::flat_machine;

struct Setup {
  std::string policy = "eevdf", version = "6.18";
  Tunables tunables = {};
  Nanos duration = Nanos::max();
  Nanos base_slice = Nanos(0);
  bool check = true;
};

// Runs a workload; keeps how long each task ran and where the switches were.
struct Outcome {
  Outcome(const Machine& machine, Workload w, const Setup& setup = {}) : workload(std::move(w)) {
    workload.check(machine.nr_cpus());
    EngineOptions options;
    options.kernel.version = setup.version;
    options.kernel.base_slice = setup.base_slice;
    options.duration = setup.duration;
    options.check_invariants = setup.check;
    options.record = true;
    auto stack = make_policy(setup.policy, setup.tunables, options.kernel, machine);
    fair = static_cast<FairClass*>(stack.back().get());
    engine = std::make_unique<Engine>(machine, workload, options, std::move(stack));
    engine->run();
    result = engine->result();
    for (const TraceEvent& e : engine->trace().events) {
      if (e.kind != TraceKind::kSwitch) continue;
      auto& since = on_cpu[e.cpu.value()];
      if (since.first != 0) ran[since.first] += e.time - since.second;
      since = {e.pid.value(), e.time};
    }
    for (auto& [cpu, since] : on_cpu)
      if (since.first != 0) ran[since.first] += engine->now() - since.second;
  }
  Nanos time_of(size_t task) { return ran[workload.tasks[task].pid]; }
  int64_t metric(const std::string& name) const { return result.metric(name); }

  Workload workload;
  FairClass* fair = nullptr;
  std::unique_ptr<Engine> engine;
  RunResult result;
  std::map<int, Nanos> ran;                     // by pid
  std::map<int, std::pair<int, Nanos>> on_cpu;  // by CPU: who runs, since when
};

Op hog(Nanos time = 100_s) { return op::compute(Work(time.count())); }

Workload hogs(int count) {
  Workload w;
  for (int i = 0; i < count; ++i) add_task(w, "hog", {hog()});
  return w;
}

TEST(Fair, TwoHogsAlternateAtEveryTick) {
  Machine m = flat_machine(1);
  for (std::string version : {"6.12", "6.18"}) {
    Outcome o(m, hogs(2), {.version = version, .duration = 2_s, .base_slice = 1400_us});
    EXPECT_NEAR(static_cast<double>(o.time_of(0).count()), 1e9, 5e6) << version;
    EXPECT_NEAR(static_cast<double>(o.metric("context_switches")), 500, 3) << version;  // 4 ms each at HZ=250
  }
}

TEST(Fair, ALongSliceSwitchesLess) {
  Machine m = flat_machine(1);
  Outcome o(m, hogs(2), {.duration = 2_s, .base_slice = 20_ms});
  EXPECT_NEAR(static_cast<double>(o.metric("context_switches")), 100, 5);
}

TEST(Fair, NiceSharesByWeight) {
  Machine m = flat_machine(1);
  for (std::string policy : {"eevdf", "cfs"}) {
    Workload w = hogs(2);
    w.tasks[1].nice = 5;
    Outcome o(m, w, {.policy = policy, .duration = 20_s});
    double ratio = static_cast<double>(o.time_of(0).count()) / static_cast<double>(o.time_of(1).count());
    EXPECT_NEAR(ratio, 1024. / 335, 0.1) << policy;
  }
}

TEST(Fair, IdleTasksGiveWay) {
  Machine m = flat_machine(1);
  Workload w = hogs(2);
  w.tasks[1].policy = SchedPolicy::kIdle;
  Outcome o(m, w, {.duration = 10_s});
  EXPECT_LT(o.time_of(1), 100_ms);
  EXPECT_GT(o.time_of(1), 5_ms);  // 3 of 1027
}

TEST(Fair, AWakingTaskPreemptsAnIdleOneAtOnce) {
  Machine m = flat_machine(1);
  Workload w = hogs(1);
  w.tasks[0].policy = SchedPolicy::kIdle;
  add_task(w, "timer", {op::sleep(10_ms), op::compute(Work(1000)), op::loop(0, 50), op::exit()});
  w.tasks[0].background = true;
  Outcome o(m, w);
  EXPECT_EQ(o.metric("wake_latency_ns_max"), 0);
}

TEST(Fair, GroupsShareByWeightNotByNumber) {
  Machine m = flat_machine(1);
  Workload w = hogs(4);
  w.groups.resize(3);
  w.tasks[0].group = GroupId(1);
  for (size_t i = 1; i < 4; ++i) w.tasks[i].group = GroupId(2);
  Outcome o(m, w, {.duration = 10_s});
  EXPECT_NEAR(static_cast<double>(o.time_of(0).count()), 5e9, 1e8);
  EXPECT_NEAR(static_cast<double>(o.time_of(2).count()), 5e9 / 3, 1e8);
}

TEST(Fair, AGroupSpreadOverCpusHasOneShare) {
  // Group 1 has a hog on each CPU, group 2 one: the CPU they share goes 1:2 in time.
  Machine m = flat_machine(2);
  Workload w = hogs(3);
  w.groups.resize(3);
  for (size_t i = 0; i < 3; ++i) {
    w.tasks[i].group = GroupId(i == 2 ? 2 : 1);
    w.tasks[i].affinity = w.intern_affinity(CpuSet::single(CpuId(i % 2)));
  }
  Outcome o(m, w, {.duration = 20_s});
  EXPECT_NEAR(static_cast<double>(o.time_of(2).count()), 20e9 * 2 / 3, 1e9);
  EXPECT_NEAR(static_cast<double>(o.time_of(0).count()), 20e9 / 3, 1e9);
}

TEST(Fair, AShortSliceIsServedSooner) {
  Machine m = flat_machine(1);
  auto latency = [&](Nanos slice) {
    Workload w = hogs(2);
    for (TaskSpec& task : w.tasks) task.background = true;
    add_task(w, "audio", {op::compute(Work(200000)), op::sleep(3_ms), op::loop(0, 400)});
    w.tasks[2].slice = slice;
    return Outcome(m, w, {.base_slice = 10_ms}).metric("wake_latency_ns_p99");
  };
  EXPECT_LT(latency(100_us) * 2, latency(10_ms));
}

// Before 6.12 a task that sleeps leaves its queue at once, and loses no lag by waiting there; slices are all the same.
TEST(Fair, AnOlderEevdfLacksWhatCameWith6_12) {
  Machine m = flat_machine(1);
  auto run = [&](const std::string& version, const std::string& off) {
    Workload w = hogs(3);
    w.tasks[0].slice = 100_us;
    add_task(w, "sleeper", {op::compute(Work(15000000)), op::sleep(15_ms), op::loop(0, 1000)});
    Tunables tunables;
    for (const char* feature : {"place_rel_deadline", "preempt_short", "delay_dequeue", "delay_zero"})
      if (!off.empty()) tunables.push_back({feature, off, "c.yaml:1"});
    return Outcome(m, w, {.version = version, .tunables = tunables, .duration = 9_s});
  };
  Outcome old = run("6.8", ""), now = run("6.12", ""), between = run("6.12", "false");
  EXPECT_NE(old.time_of(3), now.time_of(3));
  EXPECT_NE(old.metric("context_switches"), between.metric("context_switches")) << "slices of their own";
  EXPECT_NEAR(static_cast<double>(old.time_of(3).count()), static_cast<double>(between.time_of(3).count()), 1e8);
}

TEST(Fair, BatchDoesNotPreempt) {
  Machine m = flat_machine(1);
  auto latency = [&](SchedPolicy policy) {
    Workload w = hogs(1);
    w.tasks[0].background = true;
    add_task(w, "worker", {op::sleep(7_ms), op::compute(Work(100000)), op::loop(0, 100)});
    w.tasks[1].policy = policy;
    return Outcome(m, w).metric("wake_latency_ns_mean");
  };
  EXPECT_LT(latency(SchedPolicy::kNormal), 200000);
  EXPECT_GT(latency(SchedPolicy::kBatch), 500000);
}

TEST(Fair, EightHogsEndTwoOnEachOfFourCpus) {
  Machine m = flat_machine(4);
  for (std::string policy : {"eevdf", "cfs"}) {
    Workload w = hogs(8);
    for (TaskSpec& task : w.tasks) task.start_cpu = CpuId(0);
    Outcome o(m, w, {.policy = policy, .duration = 3_s});
    for (CpuId cpu : m.cpus()) EXPECT_EQ(o.fair->root(cpu).h_nr_queued, 2u) << policy;
    EXPECT_EQ(o.metric("utilisation_ppm"), 1000000);
  }
}

TEST(Fair, ForksSpreadOverIdleCores) {
  Machine m = flat_machine(8, 2);
  Workload w;
  std::vector<Op> forks;
  for (int i = 1; i <= 3; ++i) forks.push_back(op::fork(TaskId(i)));
  forks.push_back(hog());
  TaskId parent = add_task(w, "parent", forks);
  for (int i = 0; i < 3; ++i) add_task(w, "child", {hog()}, parent);
  Outcome o(m, w, {.duration = 1_s});
  EXPECT_EQ(o.metric("migrations"), 0);
  for (size_t core = 0; core < 4; ++core) {
    uint32_t queued = 0;
    for (CpuId cpu : m.core_cpus(CoreId(core))) queued += o.fair->root(cpu).h_nr_queued;
    EXPECT_EQ(queued, 1u) << core;
  }
}

TEST(Fair, AnIdleCpuPullsWhatWaits) {
  // One CPU has three tasks; the other's only task ends.
  Machine m = flat_machine(2);
  Workload w;
  for (int i = 0; i < 3; ++i) add_task(w, "long", {hog(300_ms)});
  add_task(w, "short", {hog(50_ms)});
  for (size_t i = 0; i < 4; ++i) w.tasks[i].start_cpu = CpuId(i / 3);
  Outcome o(m, w);
  EXPECT_LT(o.metric("makespan_ns"), 520000000);
}

TEST(Fair, AWakingTaskReturnsToItsIdleCpu) {
  Machine m = flat_machine(4);
  Workload w;
  for (int i = 0; i < 2; ++i) add_task(w, "worker", {op::compute(Work(100000)), op::sleep(1_ms), op::loop(0, 200)});
  Outcome o(m, w);
  EXPECT_EQ(o.metric("migrations"), 0);
  EXPECT_EQ(o.metric("wake_latency_ns_max"), 0);
}

TEST(Fair, AWakingTaskAvoidsABusyCpuWhenAnotherIsIdle) {
  Machine m = flat_machine(2);
  Workload w = hogs(1);
  w.tasks[0].background = true;
  add_task(w, "worker", {op::compute(Work(100000)), op::sleep(5_ms), op::loop(0, 100)});
  w.tasks[0].start_cpu = w.tasks[1].start_cpu = CpuId(0);
  Outcome o(m, w);
  EXPECT_LE(o.metric("migrations"), 2);
  EXPECT_LT(o.metric("wake_latency_ns_p99"), 100000);
}

// A waker on CPU 0 wakes a task that ran on CPU 1, which is busy: whether the wake-up moves it.
bool wake_up_moves(const Op& signal) {
  Workload w;
  w.nr_tokens = 1;
  add_task(w, "waker", {hog(50_ms), signal, hog(100_us)});
  add_task(w, "woken", {hog(1_us), op::wait(TokenId(0)), hog(10_us)});
  add_task(w, "hog", {hog(200_ms)});
  w.tasks[0].start_cpu = CpuId(0);
  w.tasks[0].affinity = w.intern_affinity(CpuSet::single(CpuId(0)));
  w.tasks[1].start_cpu = CpuId(1);
  w.tasks[2].affinity = w.intern_affinity(CpuSet::single(CpuId(1)));
  Machine machine = flat_machine(2);
  Outcome o(machine, w);
  return o.metric("migrations_wakeup") > 0;
}

TEST(Fair, AnExitingTasksWakeIsNotSync) {
  EXPECT_TRUE(wake_up_moves(op::signal(TokenId(0), kOpSync)));
  EXPECT_FALSE(wake_up_moves(op::signal(TokenId(0), kOpSync | kOpExits)));
}

TEST(Fair, WhoExitsLeavesItsAutogroupAndItsLoadOutlivesIt) {
  for (bool autogroup : {true, false}) {
    Workload w;
    w.nr_tokens = 1;
    add_task(w, "child", {hog(100_ms), op::signal(TokenId(0), kOpSync | kOpExits), hog(1_ms)});
    add_task(w, "other", {hog()});
    w.groups.resize(2);
    for (TaskSpec& task : w.tasks) task.group = GroupId(1);
    EngineOptions options;
    options.check_invariants = true;
    options.kernel.autogroup = autogroup;
    Machine machine = flat_machine(1);
    auto stack = make_policy("eevdf", {}, options.kernel, machine);
    auto& fair = static_cast<FairClass&>(*stack.back());
    Engine engine(machine, w, options, std::move(stack));
    while (!engine.task_exiting(TaskId(0))) ASSERT_TRUE(engine.step());
    EXPECT_EQ(fair.entity(TaskId(0)).cfs_rq->is_root(), autogroup);
    const uint64_t both = fair.root(CpuId(0)).avg.load_avg;
    EXPECT_NEAR(static_cast<double>(both), autogroup ? 2048 : 1024, 150);
    while (engine.task_state(TaskId(0)) != TaskState::kDead) ASSERT_TRUE(engine.step());
    EXPECT_NEAR(static_cast<double>(fair.root(CpuId(0)).avg.load_avg), static_cast<double>(both), 50) << "not updated";
    engine.run_until(engine.now() + 8_ms);
    EXPECT_NEAR(static_cast<double>(fair.root(CpuId(0)).avg.load_avg), 1024, 150);
  }
}

TEST(Fair, AffinityIsKept) {
  Machine m = flat_machine(4);
  Workload w = hogs(6);
  for (size_t i = 0; i < 3; ++i) w.tasks[i].affinity = w.intern_affinity(CpuSet::single(CpuId(0)));
  Outcome o(m, w, {.duration = 2_s});
  EXPECT_EQ(o.fair->root(CpuId(0)).h_nr_queued, 3u);
  EXPECT_NEAR(static_cast<double>(o.time_of(4).count()), 2e9, 2e7);
}

TEST(Fair, AllTimeOfABusyMachineIsUsed) {
  for (const char* name : {"desktop-2llc", "numa-8n", "alderlake-8p8e"}) {
    Machine m = load_machine(name);
    Workload w = hogs(static_cast<int>(m.nr_cpus()) * 2);
    for (TaskSpec& task : w.tasks) task.start_cpu = CpuId(0);
    Outcome o(m, w, {.duration = 400_ms, .check = false});
    EXPECT_GT(o.metric("utilisation_ppm"), 990000) << name;
  }
}

// Frequency is nobody's to change yet.
class OpenEngine : public Engine {
 public:
  using Engine::Engine;
  using Kernel::set_frequency;
};

// At half the frequency, half as much is done, and utilisation rises half as fast.
TEST(Fair, LoadTrackingFollowsTheFrequencyInMidRun) {
  const Machine machine = flat_machine(1);
  Workload workload = hogs(1);
  add_task(workload, "clock", {op::compute(Work(1000)), op::sleep(500_us), op::loop(0, 0)});  // averages are lazy
  auto util_after = [&](std::vector<std::pair<Nanos, uint32_t>> stretches) {
    EngineOptions options;
    options.duration = 1_s;
    FairClass* fair = nullptr;
    OpenEngine engine(machine, workload, options, default_classes(options.kernel, machine, &fair));
    Nanos until;
    for (auto [length, frequency] : stretches) {
      engine.run_until(until);
      engine.set_frequency(CpuId(0), frequency);
      until += length;
    }
    engine.run_until(until);
    return static_cast<double>(fair->root(CpuId(0)).avg.util_avg);
  };
  const double expected = util_after({{40_ms, 1024}});
  EXPECT_NEAR(util_after({{80_ms, 512}}), expected, 25);
  EXPECT_NEAR(util_after({{10_ms, 1024}, {40_ms, 512}, {10_ms, 1024}}), expected, 25);
  EXPECT_LT(util_after({{40_ms, 512}}), expected - 40);
}

TEST(Fair, YieldLetsTheOtherRun) {
  for (std::string version : {"6.12", "6.18"}) {
    Machine m = flat_machine(1);
    Workload w = hogs(1);
    add_task(w, "polite", {op::compute(Work(10000)), op::yield(), op::loop(0, 0)});
    Outcome o(m, w, {.version = version, .duration = 1_s});
    // Who yields only moves its deadline in 6.12; from 6.18 on it gives up the rest of its request.
    EXPECT_GE(o.time_of(0), o.time_of(1) * (version == "6.12" ? 1 : 4)) << version;
  }
}

TEST(Fair, ReniceTakesEffect) {
  Machine m = flat_machine(1);
  Workload w = hogs(1);
  add_task(w, "nicer", {op::compute(Work(500000000)), op::set_nice(10), hog()});
  Outcome o(m, w, {.duration = 11_s});
  EXPECT_NEAR(static_cast<double>(o.time_of(1).count()), 5e8 + 1e10 * 110 / 1134, 1e8);
}

TEST(Fair, ATaskMayLeaveAndReturn) {
  Machine m = flat_machine(2);
  Workload w = hogs(2);
  w.tasks[0].background = w.tasks[1].background = true;
  add_task(w, "both",
           {op::compute(Work(5000000)), op::set_policy(1), op::compute(Work(5000000)), op::sleep(1_ms),
            op::set_policy(0), op::compute(Work(5000000)), op::loop(0, 20)});
  Outcome o(m, w);
  EXPECT_EQ(o.metric("tasks_exited"), 1);
  // It wakes as a real-time task, at once; as a fair one it shares with a hog.
  EXPECT_EQ(o.metric("wake_latency_ns_p90"), 0);
  EXPECT_GT(o.metric("makespan_ns"), 20 * (5 + 5 + 1 + 2 * 5) * 1'000'000);
}

TEST(Fair, SameSeedSameResult) {
  Machine m = load_machine("desktop-2llc");
  auto once = [&](const char* policy) {
    Workload w;
    Rng rng(7);
    for (int i = 0; i < 100; ++i)
      add_task(
          w, "t",
          {op::compute(Work(rng.between(1000, 900000))), op::sleep(Nanos(rng.between(1000, 900000))), op::loop(0, 50)});
    return Outcome(m, w, {.policy = policy, .check = false}).result.figures();
  };
  for (const char* policy : {"eevdf", "cfs"}) EXPECT_EQ(once(policy), once(policy));
}

// Whatever tasks do, on whatever machine: nobody is lost or runs where it may not (the engine checks that
// after every event), and all of them end.
TEST(Fair, AnythingGoes) {
  rc::check([] {
    Machine m = flat_machine(*rc::gen::inRange<size_t>(1, 7), *rc::gen::inRange<size_t>(1, 3));
    Workload w;
    w.groups.resize(3);
    size_t count = *rc::gen::inRange<size_t>(1, 16);
    Rng rng(*rc::gen::arbitrary<uint64_t>());
    w.nr_tokens = 4;
    for (size_t i = 0; i < count; ++i) {
      std::vector<Op> ops;
      for (uint64_t k = 0, n = 1 + rng.below(8); k < n; ++k) {
        switch (rng.below(8)) {
          case 0:
            ops.push_back(op::sleep(Nanos(rng.between(0, 3000000))));
            break;
          case 1:
            ops.push_back(op::yield());
            break;
          case 2:
            ops.push_back(op::set_nice(static_cast<int>(rng.between(-20, 19))));
            break;
          case 3:
            ops.push_back(op::set_policy(std::array{0, 1, 2, 3, 5}[rng.below(5)]));
            break;
          case 4:
            ops.push_back(op::exec());
            break;
          case 5:
            ops.push_back(op::signal(TokenId(static_cast<int32_t>(rng.below(4)))));
            break;
          case 6: {
            AffinityId one = w.intern_affinity(CpuSet::single(CpuId(rng.below(m.nr_cpus()))));
            ops.push_back(op::set_affinity(one));
            break;
          }
          default:
            ops.push_back(op::compute(Work(rng.between(1, 8000000))));
        }
      }
      ops.push_back(op::compute(Work(1)));
      ops.push_back(op::loop(0, rng.between(1, 20)));
      TaskId task = add_task(w, "t", ops);
      TaskSpec& spec = w.tasks[task.index()];
      spec.group = GroupId(rng.below(3));
      spec.nice = static_cast<int8_t>(rng.between(-20, 19));
      spec.slice = rng.below(3) ? Nanos(0) : Nanos(rng.between(100000, 20000000));
      spec.start = Nanos(rng.between(0, 10000000));
    }
    std::string policy = *rc::gen::element<std::string>("eevdf", "cfs");
    std::string version = *rc::gen::element<std::string>("6.12", "6.16", "6.18");
    Outcome o(m, w, {.policy = policy, .version = version});
    RC_ASSERT(o.metric("tasks_exited") == static_cast<int64_t>(count));
    for (CpuId cpu : m.cpus()) {
      const fair::CfsRq& root = o.fair->root(cpu);
      RC_ASSERT(root.h_nr_queued >= root.h_nr_runnable);
      if (root.h_nr_queued == 0) RC_ASSERT(root.load == 0 && root.sum_weight == 0 && root.sum_w_vruntime == 0);
    }
  });
}

}  // namespace
}  // namespace simsched

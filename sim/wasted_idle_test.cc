#include "sim/wasted_idle.h"

#include <gtest/gtest.h>

#include "sim/testing.h"

namespace simsched {
namespace {

using testing::add_task;
using testing::flat_machine;
using testing::simulate;
using Use = WastedIdle::Use;

// Five CPUs: two LLCs of two on the first node; and a CPU of its own on the second.
Machine two_nodes() {
  MachineSpec spec = flat_machine(5).spec();
  for (size_t i = 0; i < 5; ++i) {
    spec.cpus[i].llc = LlcId(i / 2);
    spec.cpus[i].node = NodeId(i / 4);
  }
  spec.distances.clear();
  return Machine(std::move(spec));
}

class Wasted : public ::testing::Test {
 protected:
  Wasted() { counts_.reset(machine_, {machine_.cpus(), CpuSet::parse("0-1"), CpuSet::single(CpuId(0))}); }
  void idle(int cpu, Use use = Use::kIdle) { counts_.cpu_is(now_, CpuId(cpu), use); }
  void waits(int cpu, int by = 1, int affinity = 0) { counts_.task_waits(now_, CpuId(cpu), AffinityId(affinity), by); }
  // After one more millisecond: what has been wasted in it, in ms.
  std::array<int64_t, 4> next() {
    const WastedTime before = counts_.until(now_);
    now_ += 1_ms;
    const WastedTime after = counts_.until(now_);
    return {(after.all - before.all) / 1_ms, (after.llc - before.llc) / 1_ms, (after.node - before.node) / 1_ms,
            (after.remote - before.remote) / 1_ms};
  }
  using Split = std::array<int64_t, 4>;  // all, llc, node, remote

  const Machine machine_ = two_nodes();
  WastedIdle counts_;
  Nanos now_;
};

TEST_F(Wasted, IsTheLesserOfIdleCpusAndWaitingTasks) {
  idle(0);
  EXPECT_EQ(next(), (Split{0, 0, 0, 0}));
  waits(1);
  waits(1);
  EXPECT_EQ(next(), (Split{1, 1, 0, 0}));
  idle(0, Use::kNone);
  EXPECT_EQ(next(), (Split{0, 0, 0, 0}));
  for (int cpu : {0, 2, 3}) idle(cpu);
  EXPECT_EQ(next(), (Split{2, 1, 1, 0}));
}

TEST_F(Wasted, TellsHowFarTheTaskWaits) {
  idle(0);
  waits(4);
  EXPECT_EQ(next(), (Split{1, 0, 0, 1}));
  waits(4, -1);
  waits(3);
  EXPECT_EQ(next(), (Split{1, 0, 1, 0}));
  waits(3, -1);
  waits(1);
  EXPECT_EQ(next(), (Split{1, 1, 0, 0}));
}

TEST_F(Wasted, ACpuThatLeavesIdleTakesATaskNearIt) {
  idle(0);
  waits(0);
  idle(0, Use::kLeaving);
  EXPECT_EQ(next(), (Split{0, 0, 0, 0}));
  idle(1);
  EXPECT_EQ(next(), (Split{0, 0, 0, 0}));
  waits(1);
  EXPECT_EQ(next(), (Split{1, 1, 0, 0}));
  waits(2);  // not taken by the CPU of another cache
  idle(1, Use::kNone);
  waits(1, -1);
  idle(3);
  EXPECT_EQ(next(), (Split{1, 1, 0, 0}));
}

TEST_F(Wasted, ConfinedTasksNeedACpuOfTheirs) {
  waits(1, 1, 1);
  idle(3);
  EXPECT_EQ(next(), (Split{0, 0, 0, 0}));
  idle(0);
  EXPECT_EQ(next(), (Split{1, 0, 0, 0}));
  waits(0, 1, 2);  // bound to its CPU
  EXPECT_EQ(next(), (Split{1, 0, 0, 0}));
  idle(3, Use::kNone);
  waits(1);  // one CPU is not wasted twice
  EXPECT_EQ(next(), (Split{1, 1, 0, 0}));
}

TEST_F(Wasted, GoesOnAfterARecount) {
  idle(0);
  waits(1);
  EXPECT_EQ(next(), (Split{1, 1, 0, 0}));
  WastedIdle anew;
  anew.reset(machine_, {machine_.cpus()});
  anew.go_on_from(counts_, now_);
  EXPECT_EQ(anew.until(now_ + 1_ms).all, 1_ms);
}

// Three tasks on two CPUs; after 500 us one is idle and whoever waits waits in vain.
struct Scenario {
  Workload workload;
  explicit Scenario(AffinityId affinity = {}, std::vector<CpuSet> masks = {}) {
    for (const CpuSet& mask : masks) workload.affinities.push_back(mask);
    for (int i = 0; i < 3; ++i) {
      TaskId task = add_task(workload, "t", {op::compute(Work(i == 1 ? 500'000 : 1'000'000))});
      TaskSpec& spec = workload.tasks[task.index()];
      spec.start_cpu = CpuId(i % 2);
      if (i == 2) spec.start = 100_us;
      if (i != 1) spec.affinity = affinity.valid() ? affinity : AffinityId(0);
    }
  }
};

int64_t named(const NamedNanos& values, const char* name) {
  for (const auto& value : values)
    if (value.first == name) return value.second;
  return -1;
}

TEST(WastedIdle, IsTheWaitThatAnIdleCpuCouldHaveSpared) {
  Scenario scenario;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    EngineOptions options;
    options.seed = seed;
    RunResult result = simulate(flat_machine(2), scenario.workload, options);
    const int64_t wait = named(result.task_time, "wait_ns");
    EXPECT_GE(wait, 500'000);
    EXPECT_EQ(result.metric("idle_wasted_ns"), wait - 400'000) << seed;
    EXPECT_EQ(result.metric("idle_wasted_llc_ns"), wait - 400'000) << seed;
  }
}

TEST(WastedIdle, BoundTasksWasteNothing) {
  Scenario scenario(AffinityId(1), {CpuSet::single(CpuId(0))});
  RunResult result = simulate(flat_machine(2), scenario.workload);
  EXPECT_GE(named(result.task_time, "wait_ns"), 500'000);
  EXPECT_EQ(result.metric("idle_wasted_ns"), 0);
}

}  // namespace
}  // namespace simsched

#include "policies/bfs/bfs.h"

#include <gtest/gtest.h>

#include "policies/deadline/testing.h"

namespace simsched::bfs {
namespace {

using namespace simsched::deadline::testing;
using simsched::testing::flat_machine;

TEST(Bfs, HogsHaveEqualSharesWithinARound) {
  for (const char* policy : {"bfs", "muqss"}) {
    for (size_t cpus : {1u, 2u, 3u, 8u}) {
      Workload w;
      const size_t hogs = 2 * cpus + 1;
      for (size_t i = 0; i < hogs; ++i) add(w, {ms(100'000)}, 0, static_cast<int>(i % cpus));
      const Machine machine = flat_machine(cpus);
      Simulation simulation(policy, machine, w, options_of(3_s));
      simulation.run();
      const double ratio = static_cast<double>(hogs) / static_cast<double>(cpus);
      const double fair = 3000 / ratio, round = 7 * ratio + 1;
      for (double time : simulation.times(hogs)) EXPECT_NEAR(time, fair, round) << policy << " " << cpus;
    }
  }
}

// Deadlines of two levels are offset - offset apart, and the better one runs that long between two slices of the other.
TEST(Bfs, NiceLevelsShareAsTheirRatios) {
  auto share = [](int nice) {
    Workload w;
    add(w, {ms(1'000'000)});
    add(w, {ms(1'000'000)}, nice);
    const Machine machine = flat_machine(1);
    Simulation simulation("bfs", machine, w, options_of(20_s));
    simulation.run();
    return simulation.times(2)[1] / 20'000;
  };
  EXPECT_NEAR(share(0), 0.5, 0.01);
  EXPECT_NEAR(share(19), 0.03, 0.01);
  const double squared = 2.59 * 2.59;  // of 1.1^10
  EXPECT_NEAR(share(10), 1 / (1 + squared), 0.05);
  EXPECT_NEAR(share(-10), squared / (1 + squared), 0.06);
}

TEST(Bfs, ADeadlineIsKeptOverSleepAndRenewedWhenTheSliceIsUsedUp) {
  Workload w;
  add(w, {ms(2), op::sleep(50_ms), op::loop(0, 10)});
  const Machine machine = flat_machine(1);
  const EngineOptions options = options_of();
  auto cls = std::make_unique<BfsClass>(Params());
  BfsClass& bfs = *cls;
  Engine engine(machine, w, options,
                stack_above(
                    std::move(cls), [](CpuId) { return false; }, options.kernel));
  auto deadline_at = [&](Nanos time) {
    engine.run_until(time);
    return bfs.deadline(TaskId(0));
  };
  const Nanos first = deadline_at(1_ms);
  EXPECT_EQ(deadline_at(53_ms), first);   // the second turn
  EXPECT_EQ(deadline_at(105_ms), first);  // the third one ends the slice
  const Nanos second = deadline_at(157_ms);
  EXPECT_GT(second, first + 90_ms);
  EXPECT_EQ(deadline_at(209_ms), second);
}

TEST(Bfs, AWakingTaskPreemptsTheLatestDeadline) {
  Workload w;
  const TaskId sleeper = add(w, {ms(1), op::sleep_until(5_ms), ms(1)}, 0, 0);
  for (int i = 0; i < 4; ++i) {
    const TaskId hog = add(w, {ms(100)}, 0, i);
    w.tasks[hog.index()].start = Nanos(2'000'000 + 500'000 * ((i + 2) % 4));  // CPU 1 has the latest
  }
  const Machine machine = flat_machine(4);
  Simulation simulation("bfs", machine, w, options_of());
  simulation.run();
  const auto runs = simulation.runs_of(sleeper);
  ASSERT_EQ(runs.size(), 2u);
  EXPECT_EQ(runs[1], (std::pair(5_ms, 1)));
}

TEST(Bfs, NobodyIsPreemptedForALaterDeadline) {
  Workload w;
  add(w, {ms(5)});
  const TaskId later = add(w, {ms(1)});
  w.tasks[later.index()].start = 1_ms;
  const Machine machine = flat_machine(1);
  EXPECT_EQ(Simulation("bfs", machine, w, options_of()).run().metric("context_switches_involuntary"), 0);
}

// Two hogs, and one that often preempts one of them: its victim waits for its own CPU, although the other one comes to
// a deadline later than the victim's meanwhile.
TEST(Bfs, APreemptedTaskSticksToItsCpu) {
  Workload w;
  for (int i = 0; i < 2; ++i) add(w, {ms(200)}, 0, i);
  const TaskId often = add(w, {ms(1), op::sleep(10_ms), op::loop(0, 15)}, -10, 0);
  w.tasks[often.index()].start = 1_ms;
  const Machine machine = flat_machine(2);
  Simulation sticky("bfs", machine, w, options_of());
  EXPECT_GE(sticky.run().metric("context_switches_involuntary"), 10);
  for (int hog = 0; hog < 2; ++hog)
    for (const auto& [time, cpu] : sticky.runs_of(TaskId(hog))) EXPECT_EQ(cpu, hog);
}

TEST(Bfs, IdleTasksRunWhenNobodyElseWantsTo) {
  Workload w;
  const TaskId idle = add(w, {ms(20)});
  w.tasks[idle.index()].policy = SchedPolicy::kIdle;
  w.tasks[add(w, {ms(20)}, 19).index()].start = 3_ms;
  const Machine machine = flat_machine(1);
  Simulation simulation("bfs", machine, w, options_of());
  simulation.run();
  const auto runs = simulation.runs_of(idle);
  ASSERT_EQ(runs.size(), 2u);
  EXPECT_EQ(runs[1].first, 23_ms);
}

TEST(Bfs, AChildRunsFirstAndHasHalfOfTheSlice) {
  Workload w;
  const TaskId parent = add(w, {ms(1), op::fork(TaskId(1)), ms(20), op::wait_child()});
  const TaskId child = simsched::testing::add_task(w, "c", {ms(20)}, parent);
  const Machine machine = flat_machine(1);
  Simulation simulation("bfs", machine, w, options_of());
  simulation.run();
  const auto runs = simulation.runs_of(child);
  EXPECT_EQ(runs[0].first, 1_ms);
  const Nanos back = simulation.runs_of(parent)[1].first;
  EXPECT_GE(back, 3_ms);
  EXPECT_LE(back, 5_ms);
}

TEST(Bfs, IdleCpusAreRankedByWhatTheyShareAndHowBusyThatIs) {
  MachineSpec spec = flat_machine(16, 2).spec();  // cores of two; LLCs of four; nodes of eight
  for (size_t i = 0; i < 16; ++i) {
    spec.cpus[i].llc = LlcId(i / 4);
    spec.cpus[i].node = NodeId(i / 8);
  }
  spec.distances.clear();
  const Machine machine(std::move(spec));
  // The busy CPUs, and where a task that ran on CPU 0 wakes up.
  for (auto [busy, expected] : std::initializer_list<std::pair<const char*, int>>{
           {"1", 0}, {"0", 2}, {"0,2", 4}, {"0-3", 4}, {"0,2,4,6", 1}, {"0-3,5-7,9", 4}, {"0-7,9", 12}}) {
    Workload w;
    for (CpuId cpu : CpuSet::parse(busy)) {
      const TaskId hog = add(w, {op::sleep_until(2_ms), ms(50)}, 0, cpu.value());
      w.tasks[hog.index()].affinity = w.intern_affinity(CpuSet::single(cpu));
    }
    const TaskId task = add(w, {ms(1), op::sleep_until(5_ms), ms(1)});
    w.tasks[task.index()].start = 1_us;
    Simulation simulation("bfs", machine, w, options_of());
    simulation.run();
    EXPECT_EQ(simulation.runs_of(task).back(), (std::pair(5_ms, expected))) << busy;
  }
}

}  // namespace
}  // namespace simsched::bfs

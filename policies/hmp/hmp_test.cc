// What is known of big.LITTLE MP; on juno CPUs 1 and 2 are big.
#include <gtest/gtest.h>

#include "policies/registry.h"
#include "sim/testing.h"
#include "topology/load/load.h"

namespace simsched {
namespace {

using testing::add_task;

Op busy(Nanos time) { return op::compute(Work(time.count())); }
using op::set_affinity;

class Hmp : public ::testing::Test {
 protected:
  // Wakes up at one second, on CPU 3, which is little, with no load left.
  TaskId add_sleeper(Nanos work) {
    const AffinityId little = w.intern_affinity(CpuSet::parse("3"));
    const TaskId task = add_task(
        w, "sleeper", {op::compute(Work(1000)), set_affinity(AffinityId(0)), op::sleep_until(1_s), busy(work)});
    w.tasks[task.index()].affinity = little;
    return task;
  }
  void bind(TaskId task, const char* cpus) { w.tasks[task.index()].affinity = w.intern_affinity(CpuSet::parse(cpus)); }

  // (when, where) it was switched in.
  std::vector<std::pair<Nanos, int>> runs_of(TaskId task, const Tunables& tunables = {}, Nanos duration = 3_s) {
    EngineOptions options;
    options.duration = duration;
    options.kernel.hz = 1000;
    options.record = options.check_invariants = true;
    Engine engine(machine, w, options, make_policy("hmp", tunables, options.kernel, machine));
    engine.run();
    result = engine.result();
    std::vector<std::pair<Nanos, int>> list;
    for (const TraceEvent& event : engine.trace().events)
      if (event.kind == TraceKind::kSwitch && event.pid.value() == 1000 + task.value())
        list.emplace_back(event.time, event.cpu.value());
    return list;
  }
  static bool big(int cpu) { return cpu == 1 || cpu == 2; }

  const Machine machine = load_machine("juno");
  Workload w;
  RunResult result;
};

// From no load to 700 of 1024 take 53 ms at full speed, whatever the core; then the tick sees it.
TEST_F(Hmp, AHogGoesUpWhenItsLoadReachesTheThreshold) {
  const TaskId hog = add_sleeper(500_ms);
  const auto runs = runs_of(hog);
  ASSERT_EQ(runs.size(), 3u);
  EXPECT_EQ(runs[1].second, 3);
  EXPECT_TRUE(big(runs[2].second));
  EXPECT_GE(runs[2].first, 1_s + 52_ms);
  EXPECT_LE(runs[2].first, 1_s + 57_ms);
  EXPECT_EQ(result.metric("fair_hmp_up"), 1);
}

TEST_F(Hmp, TheThresholdMayBeSet) {
  const TaskId hog = add_sleeper(500_ms);
  const auto runs = runs_of(hog, {{"up_threshold", "300", ""}, {"down_threshold", "200", ""}});
  ASSERT_EQ(runs.size(), 3u);
  EXPECT_GE(runs[2].first, 1_s + 15_ms);
  EXPECT_LE(runs[2].first, 1_s + 20_ms);
}

// A task between the two would go up and down all the time.
TEST_F(Hmp, TheUpperThresholdIsNotBelowTheLowerOne) {
  const TaskId hog = add_sleeper(1_ms);
  EXPECT_THROW(runs_of(hog, {{"up_threshold", "300", ""}}), Error);  // below the default of the other
  EXPECT_NO_THROW(runs_of(hog, {{"up_threshold", "512", ""}}));
}

TEST_F(Hmp, NobodyGoesUpToABigCpuThatHasSomethingToDo) {
  const TaskId hog = add_sleeper(1500_ms);
  for (const char* cpu : {"1", "2"}) bind(add_task(w, "other", {busy(1300_ms)}), cpu);
  const auto runs = runs_of(hog);
  ASSERT_EQ(runs.size(), 3u);
  EXPECT_EQ(runs[1].second, 3);
  EXPECT_GE(runs[2].first, 1300_ms) << "the first that ends makes room";
  EXPECT_LE(runs[2].first, 1303_ms);
}

TEST_F(Hmp, ANewTaskStartsBigAndALightOneGoesDownWhenItWakes) {
  const TaskId light = add_task(w, "light", {busy(1_ms), op::sleep(9_ms), op::loop(0, 100)});
  const auto runs = runs_of(light, {}, 1_s);
  EXPECT_TRUE(big(runs.front().second));
  EXPECT_FALSE(big(runs.back().second));
  EXPECT_EQ(result.metric("fair_hmp_down"), 1);
  EXPECT_EQ(result.metric("fair_hmp_up"), 0) << "between the thresholds it stays";
}

// Two hogs on a big CPU: one is offloaded, for the little ones idle.
TEST_F(Hmp, WhoSharesABigCpuIsOffloadedToAnIdleLittleOne) {
  for (int i = 0; i < 6; ++i) add_task(w, "hog", {busy(10_s)});
  runs_of(TaskId(0), {}, 2_s);
  int64_t total = 0;
  for (int64_t busy : result.cpu_busy_ns) total += busy;
  EXPECT_GT(total, int64_t{6} * 1'900'000'000) << "all six have a CPU for most of the time";
}

TEST_F(Hmp, NoBalancingMovesALoneTaskBetweenClusters) {
  const TaskId light = add_task(w, "light", {busy(1_ms), op::sleep(9_ms), op::loop(0, 1000)});
  w.tasks[light.index()].kthread = true;  // starts where it was
  runs_of(light, {{"up_threshold", "1024", ""}, {"down_threshold", "0", ""}}, 3_s);
  EXPECT_EQ(result.metric("fair_hmp_up") + result.metric("fair_hmp_down"), 0);
  EXPECT_EQ(result.metric("migrations_node"), 0);
}

TEST_F(Hmp, SmallTasksPackWhenAskedTo) {
  for (int i = 0; i < 4; ++i)
    add_task(w, "light", {op::sleep(Nanos(300'000 * i)), busy(300_us), op::sleep(9_ms), op::loop(1, 300)});
  auto used = [&](const char* packing) {
    runs_of(TaskId(0), {{"packing_enable", packing, ""}}, 2_s);
    int cpus = 0;
    for (int64_t busy : result.cpu_busy_ns) cpus += busy > 50'000'000;
    return cpus;
  };
  EXPECT_EQ(used("true"), 1);
  EXPECT_GT(used("false"), 1);
}

TEST_F(Hmp, WhereCpusAreAlikeItIsCfs) {
  for (int i = 0; i < 7; ++i) add_task(w, "t", {busy(3_ms), op::sleep(1_ms), op::loop(0, 30)});
  const Machine flat = testing::flat_machine(3);
  EngineOptions options;
  std::vector<NamedValues> all;
  for (const char* policy : {"cfs", "hmp"}) {
    Engine engine(flat, w, options, make_policy(policy, {}, options.kernel, flat));
    engine.run();
    all.push_back(engine.result().metrics);
  }
  EXPECT_EQ(all[0], all[1]);
}

}  // namespace
}  // namespace simsched

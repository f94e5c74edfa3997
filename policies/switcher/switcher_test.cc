#include <gtest/gtest.h>

#include "policies/registry.h"
#include "sim/testing.h"
#include "topology/load/load.h"

namespace simsched {
namespace {

using testing::add_task;

constexpr Nanos kLong = 2_s;

// A hog on the first CPU, and on the second a task that needs 2 ms of a big core's time in 20.
Workload hog_and_light() {
  Workload w;
  const TaskId hog = add_task(w, "hog", {op::compute(Work(kLong.count() * 2))});
  const TaskId light = add_task(w, "light", {op::compute(Work(2'000'000)), op::sleep(18_ms), op::loop(0, 10'000)});
  w.tasks[hog.index()].affinity = w.intern_affinity(CpuSet::parse("0"));
  w.tasks[light.index()].affinity = w.intern_affinity(CpuSet::parse("1"));
  return w;
}

RunResult run(const std::string& policy, const Workload& workload, Governor governor = Governor::kSchedutil,
              const Tunables& tunables = {}) {
  const PolicyRegistry registry(cpp_policies());
  const Machine juno = load_machine("juno");
  EngineOptions options;
  options.kernel.governor = governor;
  options.duration = kLong;
  options.check_invariants = true;
  const std::optional<Machine> shown = registry.get(policy, "").machine({options.kernel, juno}, tunables);
  const Machine& machine = shown ? *shown : juno;
  Engine engine(machine, workload, options, registry.make(policy, tunables, options.kernel, machine));
  engine.run();
  return engine.result();
}

// Of the time of both CPUs, that in which they were big.
int64_t big_ms(const RunResult& r) {
  int64_t sum = 0;
  for (const char* mhz : {"625", "800", "950", "1100"})
    sum += r.metric("cpufreq_a53+a57_" + std::string(mhz) + "mhz_ns") / 1'000'000;
  return sum;
}

TEST(Iks, APairIsSwitchedForItself) {
  const RunResult r = run("iks", hog_and_light());
  EXPECT_EQ(r.cpu_busy_ns.size(), 2u);
  EXPECT_GT(big_ms(r), 1800);
  EXPECT_LT(big_ms(r), 2200);
  EXPECT_EQ(r.metric("cpufreq_core_switches"), 3) << "a new task counts as half a CPU: both go up, and one down again";
}

// One CPU that needs much makes both of them big: one clock.
TEST(ClusterSwitch, TheWholeClusterIsLittleOrBig) {
  const RunResult r = run("cluster_switch", hog_and_light());
  EXPECT_GT(big_ms(r), 1800);  // the time of one domain, which is both CPUs
  EXPECT_EQ(r.metric("cpufreq_core_switches"), 2);
  EXPECT_GT(r.metric("energy_uj"), run("iks", hog_and_light()).metric("energy_uj"));
}

// The lowest frequency of the big core is above the highest of the little one: half of 850 MHz.
TEST(Iks, AHogSwitchesAtTheNextSampleOverTheLittleCoresTop) {
  Workload w;
  add_task(w, "hog", {op::compute(Work(400'000'000))});
  for (Governor governor : {Governor::kOndemand, Governor::kSchedutil}) {
    const RunResult r = run("iks", w, governor);
    // 400 ms on a big core; schedutil sees it grow for some 100 ms.
    EXPECT_GE(r.metric("makespan_ns"), 400'000'000);
    EXPECT_LE(r.metric("makespan_ns"), governor == Governor::kOndemand ? 425'000'000 : 560'000'000);
    EXPECT_GE(r.metric("cpufreq_core_switches"), 1);
  }
}

TEST(Iks, LightLoadsStayLittleAndSaveEnergy) {
  Workload w;
  for (int i = 0; i < 2; ++i)
    add_task(w, "light", {op::compute(Work(2'000'000)), op::sleep(18_ms), op::loop(0, 10'000)});
  const RunResult r = run("iks", w);
  EXPECT_EQ(r.metric("cpufreq_core_switches"), 4) << "up as new tasks, and down for good";
  EXPECT_LT(big_ms(r), 300);
  EXPECT_LT(r.metric("energy_uj"), run("iks", w, Governor::kPerformance).metric("energy_uj") / 2);
}

TEST(Iks, ASwitchCostsWhatItIsSaidTo) {
  Workload w;
  add_task(w, "hog", {op::compute(Work(400'000'000))});
  auto makespan = [&](const char* cost) {
    return run("iks", w, Governor::kOndemand, {{"switch_ns", cost, ""}}).metric("makespan_ns");
  };
  EXPECT_EQ(makespan("5ms") - makespan("0"), 5'000'000);
}

// Those of a kind have one clock: the light one's own wish counts nothing beside the other's.
TEST(Iks, LittleOnesShareTheirClock) {
  Workload w;
  const TaskId held = add_task(w, "held", {op::compute(Work(kLong.count()))});
  const TaskId light = add_task(w, "light", {op::compute(Work(200'000)), op::sleep(20_ms), op::loop(0, 10'000)});
  w.tasks[held.index()].affinity = w.intern_affinity(CpuSet::parse("0"));
  w.tasks[held.index()].uclamp_max = 330;  // of 1024: 387 MHz
  w.tasks[light.index()].affinity = w.intern_affinity(CpuSet::parse("1"));
  w.tasks[light.index()].uclamp_max = 200;
  const RunResult r = run("iks", w);
  EXPECT_LT(big_ms(r), 150) << "a new task counts as half a CPU";
  EXPECT_GT(r.metric("cpufreq_a53+a57_387mhz_ns"), 3'800'000'000) << "of four seconds";
}

TEST(Switcher, WhereNothingIsSwitchedItIsEevdf) {
  Workload w;
  for (int i = 0; i < 5; ++i) add_task(w, "t", {op::compute(Work(3'000'000)), op::sleep(1_ms), op::loop(0, 30)});
  const Machine machine = testing::flat_machine(3);
  EngineOptions options;
  std::vector<NamedValues> all;
  for (const char* policy : {"eevdf", "iks", "cluster_switch"}) {
    Engine engine(machine, w, options, make_policy(policy, {}, options.kernel, machine));
    engine.run();
    all.push_back(engine.result().metrics);
  }
  EXPECT_EQ(all[0], all[1]);
  EXPECT_EQ(all[0], all[2]);
}

}  // namespace
}  // namespace simsched

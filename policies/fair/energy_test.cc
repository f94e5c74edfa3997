#include "policies/fair/energy.h"

#include <gtest/gtest.h>

#include "policies/registry.h"
#include "sim/testing.h"
#include "topology/load/load.h"
#include "topology/load/machine_yaml.h"

namespace simsched {
namespace {

using fair::PerfDomain;
using testing::add_task;

// The example of Documentation/scheduler/sched-energy.rst: two CPUs of each kind, with utilisations of 400 (of which
// 200 are the task's), 100, 600 and 500. Powers there have no unit; here they are milliwatts.
class SchedEnergyExample : public ::testing::Test {
 protected:
  static std::vector<OperatingPoint> opps(std::vector<std::pair<int32_t, int64_t>> rows) {
    std::vector<OperatingPoint> list;
    for (auto [capacity, power] : rows) list.push_back({capacity, capacity, power * 1000, 0});
    return list;
  }
  static PerfDomain domain(int32_t first, std::vector<std::pair<int32_t, int64_t>> rows) {
    return {{CpuId(first), CpuId(first + 1)}, fair::perf_states(opps(std::move(rows)))};
  }
  // In the document's units.
  int32_t energy(std::vector<int64_t> utils, bool headroom) const {
    int64_t sum = 0;
    for (const PerfDomain* d : {&little_, &big_}) {
      const size_t at = d->cpus[0].index();
      const int64_t max = std::max(utils[at], utils[at + 1]), top = d->states.back().performance;
      sum += d->energy(headroom ? effective_perf(max, 0, top) : max, utils[at] + utils[at + 1], top);
    }
    return static_cast<int32_t>((sum + 5000) / 10000);
  }
  const PerfDomain little_ = domain(0, {{170, 50}, {341, 150}, {512, 300}});
  const PerfDomain big_ = domain(2, {{512, 400}, {768, 800}, {1024, 1700}});
};

TEST_F(SchedEnergyExample, AsInTheDocument) {
  EXPECT_NEAR(energy({200, 300, 600, 500}, false), 1364, 2);  // the document drops the fractions of each CPU
  EXPECT_NEAR(energy({200, 100, 600, 700}, false), 1485, 2);
  EXPECT_NEAR(energy({400, 100, 600, 500}, false), 1437, 2);
}

// What schedutil adds makes the first two of these alike: a task stays where it was.
TEST_F(SchedEnergyExample, WithAQuarterToSpare) {
  EXPECT_EQ(energy({200, 300, 600, 500}, true), 1439);
  EXPECT_EQ(energy({400, 100, 600, 500}, true), 1439);
  EXPECT_EQ(energy({200, 100, 600, 700}, true), 2290);
}

TEST(PerfStates, WhatDoesLessForMoreIsSkipped) {
  // 10 * 500000 / 500 is more than 10 * 900000 / 1000.
  const auto states =
      fair::perf_states(std::vector<OperatingPoint>{{1, 200, 100000, 0}, {2, 500, 500000, 0}, {3, 1000, 900000, 0}});
  EXPECT_FALSE(states[0].inefficient);
  EXPECT_TRUE(states[1].inefficient);
  EXPECT_EQ(PerfDomain({{}, states}).energy(300, 10, 1000), 90000);
  EXPECT_EQ(PerfDomain({{}, states}).energy(150, 10, 1000), 50000);
}

TEST(PerfDomains, NeedUnlikeCapacitiesKnownPowersAndNoSmt) {
  EXPECT_EQ(fair::perf_domains(load_machine("juno")).size(), 2u);
  EXPECT_EQ(fair::perf_domains(load_machine("pixel-1-3-4")).size(), 3u);
  EXPECT_TRUE(fair::perf_domains(load_machine("alderlake-8p8e")).empty());
  EXPECT_TRUE(fair::perf_domains(load_machine("desktop-2llc")).empty());
  EXPECT_TRUE(fair::perf_domains(load_machine("vm-2c")).empty());
}

// ---- Juno: CPUs 1 and 2 are big ----

struct Setting {
  Governor governor = Governor::kSchedutil;
  bool energy_aware = true;
  IdleGovernor idle = IdleGovernor::kMenu;
};

RunResult run_on_juno(const Workload& workload, Nanos duration, Setting setting) {
  const Machine machine = load_machine("juno");
  workload.check(machine.nr_cpus());
  EngineOptions options;
  options.duration = duration;
  options.kernel.governor = setting.governor;
  options.kernel.idle_governor = setting.idle;
  options.check_invariants = true;
  Tunables tunables;
  if (!setting.energy_aware) tunables.push_back({"sched_energy_aware", {"false"}, ""});
  Engine engine(machine, workload, options, make_policy("eevdf", tunables, options.kernel, machine));
  engine.run();
  return engine.result();
}

Nanos busy(const RunResult& result, const std::string& cpus) {
  Nanos sum;
  for (CpuId cpu : CpuSet::parse(cpus)) sum += Nanos(result.cpu_busy_ns[cpu.index()]);
  return sum;
}

// rt-app: so many tasks, each with work for `percent` of the fastest CPU in every period.
Workload periodic(size_t count, int64_t percent, Nanos period = 16_ms) {
  Workload w;
  for (size_t i = 0; i < count; ++i) {
    const Work work(period.count() * percent / 100);
    add_task(w, "rt-app", {op::compute(work), op::sleep_period(period), op::loop(0, 0)});
    w.tasks.back().background = true;
    w.tasks.back().start = Nanos(static_cast<int64_t>(i) * 1'700'000);
  }
  return w;
}

TEST(EnergyAware, LightTasksStayOnLittleCores) {
  const Workload w = periodic(4, 5);
  RunResult r = run_on_juno(w, 4_s, {});
  EXPECT_LT(busy(r, "1-2"), 50_ms);
  EXPECT_GT(r.metric("cpuidle_a57_cluster-sleep_ns"), 7'800'000'000);
  EXPECT_GT(r.metric("fair_energy_wakeups"), 900);
  // At equal work.
  RunResult blind = run_on_juno(w, 4_s, {.energy_aware = false});
  RunResult fast = run_on_juno(w, 4_s, {.governor = Governor::kPerformance});
  for (const RunResult* other : {&blind, &fast}) {
    EXPECT_NEAR(static_cast<double>(r.metric("throughput_work_ppm")),
                static_cast<double>(other->metric("throughput_work_ppm")), 500);
    EXPECT_LT(r.metric("energy_uj"), other->metric("energy_uj"));
  }
  EXPECT_EQ(fast.find("fair_energy_wakeups"), std::nullopt);
}

TEST(EnergyAware, ATaskThatFitsNoLittleCoreIsOnABigOne) {
  RunResult r = run_on_juno(periodic(1, 60, 96_ms), 4_s, {});
  EXPECT_GT(busy(r, "1-2"), 2300_ms);
  EXPECT_LT(busy(r, "0,3-5"), 200_ms);
}

TEST(EnergyAware, AHogOverutilizesAndTurnsItOff) {
  Workload w = periodic(4, 5);
  add_task(w, "hog", {op::compute(Work(100'000'000'000))});
  RunResult alone = run_on_juno(periodic(4, 5), 2_s, {}), with_hog = run_on_juno(w, 2_s, {});
  EXPECT_LT(with_hog.metric("fair_energy_wakeups"), alone.metric("fair_energy_wakeups") / 10);
  EXPECT_GT(busy(with_hog, "1-2"), 1900_ms);
}

// sched_util_min 600: no little core has so much; sched_util_max 300: a hog is content with a little core.
TEST(Uclamp, ABoostedTaskGetsABigCoreAndAHogThatIsHeldDownALittleOne) {
  Workload light = periodic(1, 5), hog;
  light.tasks[0].uclamp_min = 600;
  RunResult boosted = run_on_juno(light, 2_s, {});
  EXPECT_LT(busy(boosted, "0,3-5"), 10_ms);
  EXPECT_GT(boosted.metric("cpufreq_a57_800mhz_ns"), 500'000'000);
  add_task(hog, "hog", {op::compute(Work(100'000'000'000))});
  hog.tasks[0].uclamp_max = 300;
  RunResult held = run_on_juno(hog, 2_s, {});
  EXPECT_LT(busy(held, "1-2"), 10_ms);
  EXPECT_GT(held.metric("cpufreq_a53_575mhz_ns"), 1'800'000'000);
}

// P. Gondois measured the energy of the clusters of a Juno r2 over 30 s with 10 to 50 tasks of 16 ms and 5 % (on the
// kernel's mailing list, 2021). The model here is that of r0: in the same order of magnitude, and growing alike.
TEST(EnergyAware, GrowsWithTheTasksAsMeasured) {
  constexpr struct {
    size_t tasks;
    double joules;
  } kMeasured[] = {{10, 6.57}, {20, 12.44}, {30, 19.10}, {40, 27.27}, {50, 36.55}};
  for (const auto& measured : kMeasured) {
    RunResult r = run_on_juno(periodic(measured.tasks, 5), 3_s, {});
    const double ratio = static_cast<double>(r.metric("energy_uj")) / 1e5 / measured.joules;
    EXPECT_GT(ratio, 0.65) << measured.tasks;
    EXPECT_LT(ratio, 0.9) << measured.tasks;
  }
}

TEST(EnergyAware, ASnapshotGoesOnAsItsOriginalWould) {
  const Machine machine = load_machine("pixel-1-3-4");
  Workload w = periodic(9, 12);
  EngineOptions options;
  options.duration = 300_ms;
  options.kernel.governor = Governor::kSchedutil;
  options.kernel.idle_governor = IdleGovernor::kTeo;
  auto make = [&] {
    return std::make_unique<Engine>(machine, w, options, make_policy("eevdf", {}, options.kernel, machine));
  };
  auto whole = make();
  whole->run();
  for (Nanos at : {13_ms, 101_ms, 250_ms}) {
    auto original = make(), twin = make();
    original->run_until(at);
    twin->run_until(70_ms);
    twin->assign(*original);
    twin->run();
    EXPECT_EQ(twin->result().figures(), whole->result().figures());
  }
}

}  // namespace
}  // namespace simsched

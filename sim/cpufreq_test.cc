#include "sim/cpufreq.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "sim/engine.h"
#include "sim/testing.h"

namespace simsched {
namespace {

using testing::add_task;

CoreType core_type() {
  CoreType type;
  type.opps = {{500, 256, 100, 10}, {1000, 512, 300, 20}, {1500, 768, 700, 30}, {2000, 1024, 1500, 40}};
  type.idle_states = {{"WFI", 1_us, 1_us, 10, 5}, {"off", 1_ms, 2_ms, 0, 1}};
  type.transition_latency = 100_us;
  type.transition_delay = 2_ms;
  return type;
}

// `shared`: all CPUs have one clock.
Machine machine_of(size_t cpus, bool shared = false, CoreType type = core_type()) {
  MachineSpec spec = testing::flat_machine(cpus).spec();
  spec.core_types = {type};
  if (shared)
    for (Cpu& cpu : spec.cpus) cpu.power_domain = PowerDomainId(0);
  return Machine(spec);
}

// Tells the governor what the test says.
class DemandingClass : public testing::QueueClass {
 public:
  explicit DemandingClass(const std::vector<CpuDemand>* demands) : QueueClass(false), demands_(demands) {}
  CpuDemand demand(CpuId cpu) override { return (*demands_)[cpu.index()]; }

 private:
  const std::vector<CpuDemand>* demands_;
};

EngineOptions with(Governor governor, Nanos duration = Nanos::max()) {
  EngineOptions options;
  options.kernel.governor = governor;
  options.duration = duration;
  options.check_invariants = true;
  return options;
}

// Hogs on all CPUs, which use what `demands` says.
class Governed {
 public:
  Governed(Machine machine, std::vector<CpuDemand> wanted, Governor governor = Governor::kSchedutil)
      : demands(std::move(wanted)), machine_(std::move(machine)) {
    for (size_t i = 0; i < machine_.nr_cpus(); ++i) add_task(workload_, "hog", {op::compute(Work(1'000'000'000))});
    auto classes = testing::queue_classes();
    classes[1] = std::make_unique<DemandingClass>(&demands);
    engine_.emplace(machine_, workload_, with(governor, 10_s), std::move(classes));
  }
  int64_t mhz(CpuId cpu, Nanos at) {
    engine_->run_until(at);
    return engine_->frequency(cpu) * 2000 / 1024;
  }
  std::vector<CpuDemand> demands;

 private:
  Machine machine_;
  Workload workload_;
  std::optional<Engine> engine_;
};

RunResult one_task(Governor governor, const Machine& machine) {
  Workload workload;
  add_task(workload, "a", {op::compute(Work(10'000'000))});
  return testing::simulate(machine, workload, with(governor));
}

TEST(Cpufreq, PerformanceAndPowersaveNeverChange) {
  const Machine machine = machine_of(1);
  EXPECT_EQ(one_task(Governor::kPerformance, machine).metric("makespan_ns"), 10'000'000);
  RunResult slow = one_task(Governor::kPowersave, machine);
  EXPECT_EQ(slow.metric("makespan_ns"), 40'000'000);
  EXPECT_EQ(slow.metric("frequency_changes"), 0);
  const NamedNanos expected{{"slowdown_frequency_ns", 30'000'000}, {"work_ns", 10'000'000}};
  for (const auto& row : expected)
    EXPECT_NE(std::find(slow.task_time.begin(), slow.task_time.end(), row), slow.task_time.end()) << row.first;
  // The same work at a fifteenth of the power, for four times as long: (100 + 10) against (1500 + 40).
  EXPECT_EQ(slow.metric("energy_uj"), 110 * 40 / 1000);
  EXPECT_EQ(one_task(Governor::kPerformance, machine).metric("energy_uj"), 1540 * 10 / 1000);
}

// 20 % and a quarter of it to spare are 25 % of 2000 MHz.
TEST(Cpufreq, SchedutilTakesTheLowestFrequencyWithAQuarterToSpare) {
  for (auto [util, mhz] : {std::pair{204, 500}, {206, 1000}, {409, 1000}, {411, 1500}, {820, 2000}, {1024, 2000}}) {
    Governed run(machine_of(1), {{util, 0, 1024}});
    EXPECT_EQ(run.mhz(CpuId(0), 20_ms), mhz) << util;
  }
}

TEST(Cpufreq, SchedutilKeepsWithinTheClamps) {
  EXPECT_EQ(Governed(machine_of(1), {{100, 600, 1024}}).mhz(CpuId(0), 20_ms), 1500);
  EXPECT_EQ(Governed(machine_of(1), {{1024, 0, 512}}).mhz(CpuId(0), 20_ms), 1000);
  EXPECT_EQ(Governed(machine_of(1), {{CpuDemand::kUntracked}}).mhz(CpuId(0), 20_ms), 2000);
}

TEST(Cpufreq, ASharedClockServesTheCpuThatWantsMost) {
  Governed apart(machine_of(2), {{100, 0, 1024}, {500, 0, 1024}});
  EXPECT_EQ(apart.mhz(CpuId(0), 20_ms), 500);
  EXPECT_EQ(apart.mhz(CpuId(1), 20_ms), 1500);
  Governed shared(machine_of(2, true), {{100, 0, 1024}, {500, 0, 1024}});
  EXPECT_EQ(shared.mhz(CpuId(0), 20_ms), 1500);
}

TEST(Cpufreq, AChangeTakesItsLatencyAndTheNextOneWaits) {
  Governed run(machine_of(2, true), {{100, 0, 1024}, {100, 0, 1024}});
  EXPECT_EQ(run.mhz(CpuId(0), 20_ms), 500);
  run.demands[0].util = 500;
  Nanos first, second;
  for (Nanos at = 20_ms; at < 60_ms && second == Nanos(0); at += 10_us) {
    const int64_t mhz = run.mhz(CpuId(0), at);
    if (first == Nanos(0) && mhz == 1500) {
      first = at;
      run.demands[0].util = 1000;
    }
    if (mhz == 2000) second = at;
  }
  EXPECT_GT(first, 20_ms);
  EXPECT_GE(second - first, 2_ms - 100_us);  // the rate limit, from one request to the next
}

TEST(Cpufreq, ABusyCpuWithAClockOfItsOwnIsNotSlowedDown) {
  Governed alone(machine_of(1), {{900, 0, 1024}});
  EXPECT_EQ(alone.mhz(CpuId(0), 20_ms), 2000);
  alone.demands[0].util = 100;
  EXPECT_EQ(alone.mhz(CpuId(0), 100_ms), 2000);
  Governed shared(machine_of(2, true), {{900, 0, 1024}, {0, 0, 1024}});
  EXPECT_EQ(shared.mhz(CpuId(0), 20_ms), 2000);
  shared.demands[0].util = 100;
  EXPECT_EQ(shared.mhz(CpuId(0), 100_ms), 500);
}

TEST(Cpufreq, OndemandGoesByTheTimeThatWasNotIdle) {
  EXPECT_EQ(Governed(machine_of(1), {{0, 0, 1024}}, Governor::kOndemand).mhz(CpuId(0), 50_ms), 2000);
  const Machine machine = machine_of(1);
  Workload workload;  // 30 % at the top frequency
  add_task(workload, "a", {op::compute(Work(3'000'000)), op::sleep_period(10_ms), op::loop(0, 200)});
  RunResult r = testing::simulate(machine, workload, with(Governor::kOndemand));
  EXPECT_GT(r.metric("cpufreq_core_1000mhz_ns") + r.metric("cpufreq_core_1500mhz_ns"), 1'000'000'000);
}

TEST(Cpufreq, AWakeupFromIoAsksForMoreEachTickAndForgetsIt) {
  IowaitBoost boost;
  Nanos now = 1_s;
  boost.update(now, 4_ms, true);
  EXPECT_EQ(boost.apply(now, 4_ms), 128);
  boost.update(now += 1_ms, 4_ms, true);
  EXPECT_EQ(boost.apply(now, 4_ms), 256);
  boost.update(now += 1_ms, 4_ms, false);
  EXPECT_EQ(boost.apply(now, 4_ms), 128);
  boost.update(now += 1_ms, 4_ms, false);
  EXPECT_EQ(boost.apply(now, 4_ms), 0);
  for (int i = 0; i < 9; ++i) {
    boost.update(now += 1_ms, 4_ms, true);
    boost.apply(now, 4_ms);
  }
  boost.update(now += 1_ms, 4_ms, true);
  EXPECT_EQ(boost.apply(now, 4_ms), 1024);
  boost.update(now += 5_ms, 4_ms, false);
  EXPECT_EQ(boost.apply(now, 4_ms), 0);
}

// Sleeps, wake-ups and I/O on CPUs of two clocks.
Workload lively() {
  Workload w;
  for (int i = 0; i < 5; ++i)
    add_task(w, "t",
             {op::compute(Work(300'000 + 170'000 * i)), op::sleep(Nanos(350'000 * (i + 1))),
              op::compute(Work(2'000'001)), op::sleep(Nanos(900'000), kOpIo | kOpElsewhere), op::loop(0, 9)});
  return w;
}

RC_GTEST_PROP(PowerProperty, ASnapshotGoesOnAsItsOriginalWould, ()) {
  const Machine machine = machine_of(3, *rc::gen::arbitrary<bool>());
  const Workload workload = lively();
  EngineOptions options = with(*rc::gen::element(Governor::kSchedutil, Governor::kOndemand), 60_ms);
  options.kernel.idle_governor = *rc::gen::element(IdleGovernor::kMenu, IdleGovernor::kTeo);
  auto make = [&] { return std::make_unique<Engine>(machine, workload, options, testing::queue_classes()); };
  auto whole = make(), original = make(), twin = make();
  whole->run();
  original->run_until(Nanos(*rc::gen::inRange<int64_t>(0, 60'000'000)));
  twin->run_until(Nanos(*rc::gen::inRange<int64_t>(0, 60'000'000)));
  twin->assign(*original);
  twin->run();
  RC_ASSERT(twin->result().figures() == whole->result().figures());
  RC_ASSERT(twin->result().task_time == whole->result().task_time);
}

}  // namespace
}  // namespace simsched

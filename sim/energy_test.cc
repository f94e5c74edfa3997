#include "sim/energy.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "sim/engine.h"
#include "sim/testing.h"

namespace simsched {
namespace {

using testing::add_task;

// Two types: 0 with two threads a core, 1 with a power domain of all its cores.
MachineSpec two_types() {
  MachineSpec spec = testing::flat_machine(7).spec();
  for (size_t i = 0; i < 7; ++i) {
    Cpu& cpu = spec.cpus[i] = {CoreId(i < 4 ? i / 2 : i - 2), LlcId(0), NodeId(0)};
    cpu.type = CoreTypeId(i < 4 ? 0 : 1);
    cpu.capacity = i < 4 ? 1024 : 500;
    if (i >= 4) cpu.power_domain = PowerDomainId(9);
  }
  CoreType big, little;
  big.name = "big";
  big.opps = {{1000, 600, 1700, 300}, {2000, 1024, 5100, 700}};
  big.idle_states = {{"poll", 0_ns, 0_ns, 1600, 280, true}, {"C1", 2_us, 4_us, 110, 60}, {"C6", 100_us, 300_us, 7, 3}};
  little.name = "little";
  little.opps = {{800, 250, 301, 90}, {900, 400, 502, 101}, {1000, 500, 777, 133}};
  little.idle_states = {{"WFI", 1_us, 1_us, 11, 40}, {"off", 1_ms, 2_ms, 0, 9}};
  spec.core_types = {big, little};
  return spec;
}

// Every stretch of every core and domain by itself, from what its CPUs do in it.
RC_GTEST_PROP(EnergyProperty, IsPowerTimesTimeWhateverChanges, ()) {
  const Machine machine(two_types());
  EnergyMeter meter(machine, 0);
  std::vector<IdleDepth> depths;
  for (CpuId cpu : machine.cpus()) depths.push_back(shallow_depth(machine.core_type(cpu)));
  std::vector<uint32_t> opps(machine.nr_power_domains());
  Nanos now;
  Femtojoules cores = 0, shared = 0, running = 0;
  auto depth_of = [&](const CpuSet& cpus) {
    IdleDepth depth = kMaxIdleStates;
    for (CpuId cpu : cpus) depth = std::min(depth, depths[cpu.index()]);
    return depth;
  };
  auto add = [&](const CpuSet& cpus, Nanos time, Femtojoules& to, bool core) {
    const CoreType& type = machine.core_type(cpus.first_cpu());
    const OperatingPoint& opp = type.opps[opps[machine.cpu(cpus.first_cpu()).power_domain.index()]];
    const IdleDepth depth = depth_of(cpus);
    const int64_t power = depth == kRuns ? (core ? opp.cpu_uw : opp.shared_uw)
                          : core         ? type.idle_states[depth - 1u].cpu_uw
                                         : type.idle_states[depth - 1u].shared_uw;
    to += Femtojoules(power) * time.count();
    if (core && depth == kRuns) running += Femtojoules(power) * time.count();
  };
  const auto changes = *rc::gen::inRange(1, 60);
  for (int i = 0; i < changes; ++i) {
    const Nanos time(*rc::gen::inRange<int64_t>(0, 1'000'000'000'000));
    for (size_t core = 0; core < machine.nr_cores(); ++core) add(machine.core_cpus(CoreId(core)), time, cores, true);
    for (size_t domain = 0; domain < machine.nr_power_domains(); ++domain)
      add(machine.power_domain_cpus(PowerDomainId(domain)), time, shared, false);
    now += time;
    const CpuId cpu(*rc::gen::inRange<size_t>(0, machine.nr_cpus()));
    const CoreType& type = machine.core_type(cpu);
    if (*rc::gen::arbitrary<bool>()) {
      depths[cpu.index()] = *rc::gen::inRange<IdleDepth>(0, static_cast<IdleDepth>(type.idle_states.size() + 1));
      meter.set_depth(machine, cpu, depths[cpu.index()], now);
    } else {
      const PowerDomainId domain = machine.cpu(cpu).power_domain;
      opps[domain.index()] = *rc::gen::inRange<uint32_t>(0, static_cast<uint32_t>(type.opps.size()));
      meter.set_opp(machine, domain, opps[domain.index()], now);
    }
  }
  const EnergyMeter::Total total = meter.total(now);
  RC_ASSERT(total.cores() == cores);
  RC_ASSERT(total.running == running);
  RC_ASSERT(total.shared == shared);
  Femtojoules parts = 0;
  for (size_t i = 0; i < machine.nr_cores(); ++i) parts += meter.of_core(CoreId(i), now);
  for (size_t i = 0; i < machine.nr_power_domains(); ++i) parts += meter.of_domain(PowerDomainId(i), now);
  RC_ASSERT(total.all() == parts);
}

// Whatever runs where: what tasks were given, wake-ups without a task, and idle cores are the cores' energy, to the
// femtojoule; and who was not on a core has none of it.
RC_GTEST_PROP(EnergyProperty, OfTasksAndIdleCoresIsThatOfTheCores, ()) {
  constexpr size_t kTasks = 4;
  const Machine machine(two_types());
  EnergyMeter meter(machine, kTasks);
  Nanos now;
  const auto changes = *rc::gen::inRange(1, 80);
  std::vector<TaskId> runs(machine.nr_cpus());
  std::vector<bool> ran(kTasks);
  for (int i = 0; i < changes; ++i) {
    now += Nanos(*rc::gen::inRange<int64_t>(0, 1'000'001));
    const CpuId cpu(*rc::gen::inRange<size_t>(0, machine.nr_cpus()));
    const CoreType& type = machine.core_type(cpu);
    switch (*rc::gen::inRange(0, 4)) {
      case 0:
        meter.set_opp(machine, machine.cpu(cpu).power_domain,
                      *rc::gen::inRange<uint32_t>(0, static_cast<uint32_t>(type.opps.size())), now);
        break;
      case 1:
        meter.set_depth(machine, cpu, static_cast<IdleDepth>(*rc::gen::inRange<size_t>(0, type.idle_states.size() + 1)),
                        now);
        break;
      default: {
        const TaskId task(*rc::gen::inRange(-1, static_cast<int>(kTasks)));
        meter.set_depth(machine, cpu, task.valid() ? kRuns : shallow_depth(type), now);
        meter.set_task(machine, cpu, task, now);
        if (task.valid()) ran[task.index()] = true;
      }
    }
  }
  meter.close(machine, now);
  const EnergyMeter::Total total = meter.total(now);
  Femtojoules sum = meter.of_task(TaskId());
  for (size_t i = 0; i < kTasks; ++i) {
    sum += meter.of_task(TaskId(i));
    RC_ASSERT(ran[i] || meter.of_task(TaskId(i)) == 0);
  }
  RC_ASSERT(sum == total.running);
  RC_ASSERT(sum + total.idle == total.cores());
}

// One task of 10 ms on a little core, 30 ms in all.
RunResult one_task(MachineSpec spec, KernelParams kernel = {}) {
  const Machine machine(std::move(spec));
  Workload workload;
  workload.intern_affinity(CpuSet::single(CpuId(4)));
  const TaskId task = add_task(workload, "a", {op::compute(Work(10'000'000 * int64_t{500} / 1024)), op::sleep(1_s)});
  workload.tasks[task.index()].affinity = AffinityId(1);
  EngineOptions options;
  options.duration = 30_ms;
  options.kernel = kernel;
  return testing::simulate(machine, workload, options);
}

TEST(Energy, OfAFixedScheduleIsItsClosedForm) {
  MachineSpec spec = two_types();
  spec.cpus.erase(spec.cpus.begin(), spec.cpus.begin() + 4);
  for (size_t i = 0; i < 3; ++i) spec.cpus[i].core = CoreId(i), spec.cpus[i].type = CoreTypeId(1);
  const Machine machine(spec);
  Workload workload;
  // Work for 10 ms at half the speed of the fastest core, to the nanosecond.
  add_task(workload, "a", {op::compute(Work(4'882'812)), op::sleep(1_s)});
  EngineOptions options;
  options.duration = 30_ms;
  RunResult r = testing::simulate(machine, workload, options);
  // 777 uW for 10 ms, 11 for 20; two others 11 for 30. Shared: 133 uW for 10 ms, 40 for 20.
  EXPECT_EQ(r.metric("energy_cpus_uj"), (777 * 10 + 11 * 20 + 2 * 11 * 30) / 1000);
  EXPECT_EQ(r.metric("energy_shared_uj"), (133 * 10 + 40 * 20) / 1000);
  EXPECT_EQ(r.metric("energy_uj"), (7770 + 220 + 660 + 1330 + 800) / 1000);
}

// Two threads of a core run for 10 ms, then one of them alone for 10 ms more.
TEST(Energy, OfACoreIsOfItsThreadsInEqualParts) {
  MachineSpec spec = two_types();
  spec.smt_share = 512;
  const Machine machine(spec);
  Workload workload;
  add_task(workload, "short", {op::compute(Work(5'000'000)), op::sleep(1_s)});
  add_task(workload, "long", {op::compute(Work(15'000'000)), op::sleep(1_s)});
  for (int i = 0; i < 2; ++i)
    workload.tasks[static_cast<size_t>(i)].affinity = workload.intern_affinity(CpuSet::single(CpuId(i)));
  EngineOptions options;
  options.duration = 30_ms;
  const RunResult r = testing::simulate(machine, workload, options);
  const NamedGroups expected = {{"long", {{"energy_uj", 5100 * 15 / 1000}}},
                                {"migration", {{"energy_uj", 0}}},
                                {"short", {{"energy_uj", 5100 * 5 / 1000}}}};
  EXPECT_EQ(r.energy_by_name, expected);
}

TEST(Energy, OfAMachineOfUnknownPowerIsNone) {
  MachineSpec spec = two_types();
  spec.core_types.clear();
  for (Cpu& cpu : spec.cpus) cpu.type = {};
  RunResult r = one_task(spec);
  EXPECT_EQ(r.metric("energy_uj"), 0);
  EXPECT_TRUE(r.energy_by_name.empty());
}

// Operating points alone change nothing but what is told of energy.
TEST(Energy, ChangesNothingOfTheSchedule) {
  MachineSpec known = two_types(), unknown = known;
  unknown.core_types.clear();
  for (Cpu& cpu : unknown.cpus) cpu.type = {}, cpu.power_domain = {};
  RunResult a = one_task(known), b = one_task(unknown);
  EXPECT_GT(a.metric("energy_uj"), 0);
  for (const auto& [name, value] : b.metrics)
    EXPECT_TRUE(name.starts_with("energy") || a.metric(name) == value) << name;
  EXPECT_EQ(a.task_time, b.task_time);
  EXPECT_EQ(a.cpu_busy_ns, b.cpu_busy_ns);
}

}  // namespace
}  // namespace simsched

#include "sim/cpuidle.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "sim/engine.h"
#include "sim/testing.h"

namespace simsched {
namespace {

using testing::add_task;

// Skylake-SP: C1, C1E, C6.
const std::vector<IdleState> kStates = {
    {"C1", 2_us, 2_us, 100, 0}, {"C1E", 10_us, 20_us, 60, 0}, {"C6", 133_us, 600_us, 5, 0}};

// A governor that is asked again and again: each time it sleeps for `slept`, the timer being `timer` away.
template <class Governor>
size_t learn(Governor& governor, Nanos slept, Nanos timer, int times = 32) {
  size_t state = 0;
  for (int i = 0; i < times; ++i) {
    IdleOutlook outlook{timer, std::min(timer, 4_ms), 4_ms};
    IdleChoice choice = governor.select(kStates, outlook);
    state = choice.state;
    const IdleEnd end{slept + kStates[state].exit_latency};
    if constexpr (std::is_same_v<Governor, MenuGovernor>)
      governor.reflect(kStates, state, outlook, end);
    else
      governor.reflect(kStates, state, end);
  }
  return state;
}

TEST(Menu, SleepsAsDeepAsTheTimerLetsIt) {
  EXPECT_EQ(learn(*std::make_unique<MenuGovernor>(), 10_us, 10_us), 0u);
  EXPECT_EQ(learn(*std::make_unique<MenuGovernor>(), 100_us, 100_us), 1u);
  EXPECT_EQ(learn(*std::make_unique<MenuGovernor>(), 1_ms, 1_ms), 2u);
}

TEST(Menu, LearnsAPatternThatTheTimerDoesNotTell) {
  MenuGovernor menu;
  EXPECT_EQ(learn(menu, 50_us, 1_s, 1), 2u);  // nothing is known yet
  EXPECT_EQ(learn(menu, 50_us, 1_s), 1u);     // a device comes every 50 us
  EXPECT_EQ(learn(menu, 100_ms, 100_ms), 2u);
}

TEST(Menu, KeepsTheTickWhileItExpectsShortSleeps) {
  MenuGovernor menu;
  learn(menu, 50_us, 1_s);
  EXPECT_FALSE(menu.select(kStates, {1_s, 3_ms, 4_ms}).stop_tick);
  MenuGovernor fresh;
  EXPECT_TRUE(fresh.select(kStates, {1_s, 3_ms, 4_ms}).stop_tick);
}

TEST(Teo, GoesByWhatCameBeforeTheTimer) {
  TeoGovernor teo;
  EXPECT_EQ(learn(teo, 50_us, 1_s, 1), 2u);
  EXPECT_EQ(learn(teo, 50_us, 1_s), 1u);
  EXPECT_EQ(learn(teo, 100_ms, 100_ms), 2u);
  EXPECT_EQ(learn(*std::make_unique<TeoGovernor>(), 100_us, 100_us), 1u);
  EXPECT_EQ(learn(*std::make_unique<TeoGovernor>(), 10_us, 10_us), 0u);
}

Machine machine_of(size_t cpus) {
  MachineSpec spec = testing::flat_machine(cpus).spec();
  spec.core_types.resize(1);
  spec.core_types[0].idle_states = kStates;
  return Machine(spec);
}

EngineOptions with(IdleGovernor governor) {
  EngineOptions options;
  options.kernel.idle_governor = governor;
  return options;
}

// A task that a timer wakes 100 times, each time `period` after it went to sleep.
RunResult sleeper(IdleGovernor governor, Nanos period) {
  Workload workload;
  add_task(workload, "a", {op::compute(Work(1000)), op::sleep(period), op::loop(0, 100)});
  return testing::simulate(machine_of(1), workload, with(governor));
}

TEST(Cpuidle, TheExitLatencyIsPartOfTheWakeup) {
  EXPECT_EQ(sleeper(IdleGovernor::kHaltpoll, 1_ms).metric("wake_latency_ns_p50"), 0);
  for (IdleGovernor governor : {IdleGovernor::kMenu, IdleGovernor::kTeo}) {
    RunResult deep = sleeper(governor, 1_ms), shallow = sleeper(governor, 100_us);
    EXPECT_NEAR(static_cast<double>(deep.metric("wake_latency_ns_p50")), 133'000, 500);  // a histogram's bin
    EXPECT_NEAR(static_cast<double>(shallow.metric("wake_latency_ns_p50")), 10'000, 50);
    EXPECT_GT(deep.metric("cpuidle_core_C6_ns"), 90'000'000);
    EXPECT_GT(shallow.metric("cpuidle_core_C1E_ns"), 8'000'000);
  }
}

TEST(Cpuidle, TimeInStatesIsTheIdleTime) {
  for (IdleGovernor governor : {IdleGovernor::kMenu, IdleGovernor::kTeo}) {
    RunResult r = sleeper(governor, 700_us);
    int64_t idle = 0, sum = 0;
    for (const auto& [name, value] : r.cpu_time)
      if (name == "idle_ns") idle = value;
    for (const char* state : {"C1", "C1E", "C6"}) sum += r.metric(std::string("cpuidle_core_") + state + "_ns");
    EXPECT_EQ(sum, idle);
  }
}

// Short sleeps by a device, then a long one: what was learnt keeps the CPU shallow, until the tick finds out.
TEST(Cpuidle, TheTickEndsASleepThatIsTooShallow) {
  Workload workload;
  add_task(workload, "a", {op::compute(Work(1000)), op::sleep(60_us, kOpIo), op::loop(0, 64), op::sleep(2_s, kOpIo)});
  RunResult r = testing::simulate(machine_of(1), workload, with(IdleGovernor::kMenu));
  EXPECT_GT(r.metric("cpuidle_core_C6_ns"), 1'900'000'000);
  EXPECT_GT(r.metric("cpuidle_core_C1E_entries"), 50);
}

TEST(Cpuidle, ADeadlockIsStillFound) {
  Workload workload;
  workload.nr_tokens = 1;
  add_task(workload, "a", {op::sleep(60_us, kOpIo), op::loop(0, 64), op::wait(TokenId(0))});
  EXPECT_THROW(testing::simulate(machine_of(2), workload, with(IdleGovernor::kMenu)), Error);
  EXPECT_THROW(testing::simulate(machine_of(2), workload, with(IdleGovernor::kTeo)), Error);
}

}  // namespace
}  // namespace simsched

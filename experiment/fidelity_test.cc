#include "experiment/fidelity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>

#include "base/rng.h"
#include "topology/load/load.h"
#include "traces/trace_maker.h"

namespace simsched {
namespace {

using testing::ElementsAre;

TraceStats stats(int64_t makespan, uint64_t switches, int64_t latency) {
  TraceStats made;
  made.makespan = Nanos(makespan);
  made.switches = switches;
  made.migrations = 10;
  made.busy = {Nanos(makespan / 2)};
  made.latencies = {Nanos(latency)};
  made.latency_mean = Nanos(latency);
  return made;
}

RecordedRun run(const TraceStats& recorded, const std::vector<TraceStats>& simulated) {
  RecordedRun made{recorded, {}};
  for (const TraceStats& one : simulated) made.replays.push_back({one, 0, 0, 0});
  return made;
}

const FidelityMetric& metric(const Fidelity& fidelity, const std::string& name) {
  const FidelityMetric* found = fidelity.find(name);
  if (found == nullptr) throw std::out_of_range(name);
  return *found;
}

// The verdict on context_switches: of several recordings with the switches of their seeds.
Verdict switches(const std::vector<std::pair<uint64_t, std::vector<uint64_t>>>& counts) {
  std::vector<RecordedRun> runs;
  for (const auto& [recorded, seeds] : counts) {
    std::vector<TraceStats> simulated;
    for (uint64_t seed : seeds) simulated.push_back(stats(1000000, seed, 50000));
    runs.push_back(run(stats(1000000, recorded, 50000), simulated));
  }
  return metric(Fidelity(runs, {}), "context_switches").verdict();
}

TEST(Fidelity, OneRecordingIsARangeOfOneValue) {
  const Fidelity fidelity(
      {run(stats(1000000, 100, 50), {stats(1300000, 90, 50), stats(1010000, 105, 50), stats(990000, 120, 50)})}, {});
  EXPECT_EQ(metric(fidelity, "makespan_ns").simulated, 1010000);
  EXPECT_EQ(metric(fidelity, "makespan_ns").low, 990000);
  EXPECT_EQ(metric(fidelity, "makespan_ns").high, 1300000);
  EXPECT_DOUBLE_EQ(metric(fidelity, "makespan_ns").error(), 0.01);
  EXPECT_DOUBLE_EQ(metric(fidelity, "context_switches").error(), 0.05);
  EXPECT_TRUE(fidelity.ok());
}

TEST(Fidelity, SeveralAreTheRangeWidenedByTheTolerance) {
  EXPECT_EQ(switches({{1000, {1300}}}), Verdict::kOutside);
  EXPECT_EQ(switches({{1000, {1300}}, {1200, {1200}}}), Verdict::kOk);
  EXPECT_EQ(switches({{1000, {1330}}, {1200, {1200}}}), Verdict::kOutside);
  EXPECT_EQ(switches({{1000, {890}}, {1200, {1200}}}), Verdict::kOutside);
  const Fidelity fidelity({run(stats(1000000, 1000, 50), {stats(1000000, 1100, 50)}),
                           run(stats(1000000, 1200, 50), {stats(1000000, 1150, 50)})},
                          {});
  EXPECT_DOUBLE_EQ(metric(fidelity, "context_switches").error(), 0) << "inside of the range";
}

TEST(Fidelity, ReplaysThatAreWrongInOppositeDirectionsDoNotCancelOut) {
  EXPECT_EQ(switches({{1000, {700, 700}}, {1010, {1300, 1300}}}), Verdict::kOutside);
  EXPECT_EQ(switches({{1000, {1000, 1000, 1000}}, {1000, {1000}}, {1000, {1300, 1300, 1300}}}), Verdict::kOutside);
}

TEST(Fidelity, SeedsThatDifferByOverHalfOfTheirMedianSayNothing) {
  EXPECT_EQ(switches({{1000, {800, 1000, 1301}}}), Verdict::kUndetermined);
  EXPECT_EQ(switches({{1000, {5000, 9000, 9999}}}), Verdict::kUndetermined);
  EXPECT_EQ(switches({{1000, {800, 1000, 1299}}}), Verdict::kOk);
  EXPECT_EQ(switches({{1000, {700}}, {1300, {1300}}}), Verdict::kOutside) << "recordings may differ";
  const Fidelity fidelity({run(stats(1000000, 10, 50), {stats(1000000, 5, 50), stats(1000000, 15, 50)})}, {});
  EXPECT_TRUE(fidelity.ok()) << "it is no failure";
  EXPECT_EQ(fidelity.count(Verdict::kUndetermined), 1u);
}

TEST(Fidelity, NothingRecorded) {
  EXPECT_EQ(switches({{0, {0}}}), Verdict::kOk);
  EXPECT_EQ(switches({{0, {3}}}), Verdict::kOutside);
}

TEST(Fidelity, ARecordingWithoutWakeUpsSaysNothingOfThem) {
  TraceStats recorded = stats(1000000, 100, 50);
  recorded.latencies.clear();
  const Fidelity fidelity({run(recorded, {stats(1000000, 100, 50)})}, {});
  EXPECT_EQ(fidelity.find("wakeups"), nullptr);
  EXPECT_EQ(fidelity.find("wake_latency_ns_p50"), nullptr);
  EXPECT_NE(fidelity.find("context_switches"), nullptr);
}

TEST(Fidelity, FewMovesOfAKindMayDifferByFifty) {
  auto verdict = [](uint64_t recorded, uint64_t simulated) {
    TraceStats a = stats(1000000, 10, 50), b = a;
    a.moves.by_kind[0] = recorded;
    b.moves.by_kind[0] = simulated;
    return metric(Fidelity({run(a, {b})}, {}), "migrations_wakeup_task").verdict();
  };
  EXPECT_EQ(verdict(0, 50), Verdict::kOk);
  EXPECT_EQ(verdict(0, 51), Verdict::kOutside);
  EXPECT_EQ(verdict(1000, 1200), Verdict::kOk);
  EXPECT_EQ(verdict(1000, 1201), Verdict::kOutside);
}

TEST(Fidelity, PlacementOfForksIsComparedInPoints) {
  auto verdict = [](uint64_t placed, uint64_t recorded, uint64_t simulated) {
    TraceStats a = stats(1000000, 10, 50), b = a;
    a.moves.placed = b.moves.placed = placed;
    a.moves.placed_away = recorded;
    b.moves.placed_away = simulated;
    return metric(Fidelity({run(a, {b})}, {}), "forks_placed_away_ppm").verdict();
  };
  EXPECT_EQ(verdict(1000, 100, 150), Verdict::kOk);
  EXPECT_EQ(verdict(1000, 100, 151), Verdict::kOutside);
  EXPECT_EQ(verdict(10, 1, 9), Verdict::kNone) << "so few say nothing";
}

TEST(Fidelity, NamesOfOverAHundredthOfTheTimeHaveTheirOwnRows) {
  TraceStats a = stats(100'000'000, 10, 50), b = a;
  a.by_name = {{"cc1", {90_ms, 50_ms}}, {"rare", {1_ms / 2, 60_ms}}, {"sh", {10_ms, 1_ms / 10}}};
  b.by_name = {{"cc1", {94_ms, 61_ms}}, {"sh", {Nanos(10'600'000), 1_ms}}};
  const Fidelity fidelity({run(a, {b})}, {});
  EXPECT_EQ(metric(fidelity, "run_ns of cc1").verdict(), Verdict::kOk);
  EXPECT_EQ(metric(fidelity, "wait_ns of cc1").verdict(), Verdict::kOutside);
  EXPECT_EQ(metric(fidelity, "run_ns of sh").verdict(), Verdict::kOutside);
  EXPECT_EQ(metric(fidelity, "wait_ns of sh").verdict(), Verdict::kOk) << "hardly any";
  EXPECT_EQ(fidelity.find("run_ns of rare"), nullptr);
}

TEST(Fidelity, DistributionsAreAsFarApartAsRealRunsAre) {
  auto list = [](int64_t latency) { return stats(1000000, 10, latency); };
  auto verdict = [](const Fidelity& fidelity) { return metric(fidelity, "wake_latency_distance_ppm").verdict(); };
  EXPECT_EQ(verdict(Fidelity({run(list(10000), {list(12200)})}, {})), Verdict::kOk);       // ln 1.22 = 0.199
  EXPECT_EQ(verdict(Fidelity({run(list(10000), {list(12300)})}, {})), Verdict::kOutside);  // 0.207
  // Real runs of 10 and 40 us are ln 4 apart; so may a replay be of the nearer one, and 0.2 more.
  EXPECT_EQ(verdict(Fidelity({run(list(10000), {list(20000)}), run(list(40000), {list(180000)})}, {})), Verdict::kOk);
  EXPECT_EQ(verdict(Fidelity({run(list(10000), {list(20000)}), run(list(40000), {list(200000)})}, {})),
            Verdict::kOutside);
}

TEST(Fidelity, ManyFreeWaitsAreNoReplayUnlessCausesAreRecorded) {
  RecordedRun one = run(stats(1000000, 10, 50), {stats(1000000, 10, 50)});
  one.replays[0].waits = 1000;
  one.replays[0].free_waits = 151;
  EXPECT_EQ(metric(Fidelity({one}, {}), "waits_free_ppm").verdict(), Verdict::kOutside);
  EXPECT_EQ(metric(Fidelity({one}, {}, true), "waits_free_ppm").verdict(), Verdict::kNone);
  one.replays[0].free_waits = 150;
  EXPECT_EQ(metric(Fidelity({one}, {}), "waits_free_ppm").verdict(), Verdict::kOk);
}

TEST(Fidelity, WhatIsFarthestBeyondItsToleranceComesFirst) {
  TraceStats a = stats(1000000, 100, 10000), b = stats(1030000, 200, 10000);
  const Fidelity fidelity({run(a, {b})}, {});
  std::vector<std::string> names;
  for (const FidelityMetric* each : fidelity.outside()) names.push_back(each->name);
  EXPECT_THAT(names, ElementsAre("context_switches", "makespan_ns", "cpu0_busy_ns"));
}

TEST(Fidelity, SaysHowMuchWasReplayed) {
  const Fidelity fidelity(
      {run(stats(1000, 10, 50), {stats(900, 10, 50)}), run(stats(2000, 10, 50), {stats(2000, 10, 50)})}, {});
  EXPECT_EQ(fidelity.replayed(), Nanos(900));
  EXPECT_EQ(fidelity.recorded(), Nanos(1000));
}

TEST(EqualCpus, AreOfOneCoreTypeAndOnePlaceInTheTopology) {
  EXPECT_THAT(equal_cpus(load_machine("vm-2c")), ElementsAre(0, 0));
  std::map<size_t, int> sizes;
  for (size_t number : equal_cpus(load_machine("alderlake-8p8e"))) ++sizes[number];
  EXPECT_EQ(sizes.size(), 2u) << "fast and slow cores";
}

// A recording of some tasks that wake each other and come and go.
SchedTrace random_trace(uint64_t seed) {
  Rng rng(seed);
  auto below = [&](uint64_t bound) { return static_cast<int>(rng.next() % bound); };
  TraceMaker maker;
  for (int pid = 10; pid < 16; ++pid) maker.names(pid, "task" + std::to_string(pid % 4));
  int current[2] = {0, 0};
  for (int64_t at = 0; at < 4000; at += 1 + below(40)) {
    const int cpu = below(2), pid = 10 + below(6), from = below(2);
    switch (below(5)) {
      case 0:
        maker.waking(at, cpu, current[cpu], pid, static_cast<uint8_t>(below(3)), from);
        break;
      case 1:
        maker.migrate(at, cpu, current[cpu], pid, from, 1 - from);
        break;
      case 2:
        maker.fork(at, cpu, current[cpu], pid).wakeup_new(at, cpu, current[cpu], pid, from);
        break;
      default: {
        const int next = current[1 - cpu] == pid ? 0 : pid;
        if (next == current[cpu]) break;
        maker.sw(at, cpu, current[cpu], below(2) ? kStateRunning : kStateInterruptible, next);
        current[cpu] = next;
      }
    }
  }
  return maker.trace();
}

SchedTrace with_cpus_exchanged(SchedTrace trace) {
  auto other = [](CpuId cpu) { return cpu.valid() ? CpuId(1 - cpu.value()) : cpu; };
  for (TraceEvent& event : trace.events) {
    event.cpu = other(event.cpu);
    event.other_cpu = other(event.other_cpu);
    event.dest_cpu = other(event.dest_cpu);
  }
  return trace;
}

RC_GTEST_PROP(FidelityProperty, ARecordingCouldBeItselfAndEqualCpusMayBeExchanged, ()) {
  const SchedTrace trace = random_trace(*rc::gen::arbitrary<uint64_t>());
  const SchedTrace another = random_trace(*rc::gen::arbitrary<uint64_t>());
  const std::vector<size_t> equal = {0, 0};
  const TraceStats own = trace_stats(trace, {}), exchanged = trace_stats(with_cpus_exchanged(trace), {});
  const TraceStats foreign = trace_stats(another, {});
  const Fidelity itself({run(own, {own})}, equal);
  RC_ASSERT(itself.ok() && itself.count(Verdict::kUndetermined) == 0u);
  for (const FidelityMetric& each : itself.metrics()) RC_ASSERT(each.error() == 0);
  // Against itself and against another recording, alone and with a second real run.
  const Fidelity as_is({run(foreign, {own})}, equal), turned({run(foreign, {exchanged})}, equal);
  const Fidelity of_two({run(foreign, {own}), run(own, {foreign})}, equal);
  RC_ASSERT(of_two.ok());
  for (size_t i = 0; i < as_is.metrics().size(); ++i) {
    RC_ASSERT(as_is.metrics()[i].verdict() == turned.metrics()[i].verdict());
    RC_ASSERT(as_is.metrics()[i].simulated == turned.metrics()[i].simulated);
  }
}

}  // namespace
}  // namespace simsched

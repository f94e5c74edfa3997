#include "replay/pace.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "replay/build_workload.h"
#include "topology/load/load.h"
#include "traces/trace_maker.h"

namespace simsched {
namespace {

PowerEvent frequency(Nanos at, int32_t cpu, uint32_t khz) {
  return {at, CpuId(cpu), khz, PowerEvent::Kind::kFrequency};
}

Machine plain(size_t cpus, size_t threads = 1) {
  MachineSpec spec;
  for (size_t i = 0; i < cpus; ++i) spec.cpus.push_back({CoreId(i / threads), LlcId(0), NodeId(0)});
  spec.costs.context_switch = Nanos(0);
  return Machine(std::move(spec));
}

TEST(Pace, LowerFrequenciesCountLess) {
  SchedTrace trace;
  trace.nr_cpus = 2;
  trace.power = {frequency(10_ms, 0, 500'000), frequency(20_ms, 1, 400'000), frequency(30_ms, 0, 1'000'000)};
  const Machine machine = plain(2);
  replay::Pace pace(trace, machine);
  pace.advance(10_ms);
  EXPECT_EQ(pace.clock(CpuId(0), 10_ms), 10_ms);  // what is not told is full
  pace.advance(30_ms);
  EXPECT_EQ(pace.clock(CpuId(0), 30_ms), 20_ms);
  EXPECT_EQ(pace.clock(CpuId(0), 40_ms), 30_ms);
  EXPECT_EQ(pace.clock(CpuId(1), 40_ms), 40_ms);  // it was seen at no other frequency
}

TEST(Pace, AgainstTheTopThatMachineOrHeadTell) {
  SchedTrace trace;
  trace.nr_cpus = 6;
  trace.power = {frequency(0_ms, 1, 450'000), frequency(0_ms, 0, 450'000)};
  const Machine juno = load_machine("juno");
  replay::Pace pace(trace, juno);
  pace.advance(0_ms);
  // As the simulated CPU at that operating point.
  for (const int32_t cpu : {0, 1}) {
    const auto& opps = juno.core_type(CpuId(cpu)).opps;
    const int64_t share = int64_t{opps.front().capacity} * 1'000'000'000 / opps.back().capacity;
    EXPECT_NEAR(static_cast<double>(pace.clock(CpuId(cpu), 1_s).count()), static_cast<double>(share), 2000.0);
  }
  SchedTrace told = trace;
  told.machine.resize(6);
  told.machine[1].top_khz = 900'000;
  const Machine machine = plain(6);
  replay::Pace by_head(told, machine);
  by_head.advance(0_ms);
  EXPECT_EQ(by_head.clock(CpuId(1), 1_s), 500_ms);
}

TEST(Pace, ABusySiblingTakesItsShare) {
  const Machine machine = plain(4, 2);
  const SchedTrace trace;
  replay::Pace pace(trace, machine);
  pace.set_busy(CpuId(1), true, 10_ms);
  pace.set_busy(CpuId(2), true, 10_ms);
  pace.set_busy(CpuId(1), false, 20_ms);
  EXPECT_EQ(pace.clock(CpuId(0), 30_ms), 20_ms + 10_ms * machine.smt_share() / 1024);
  EXPECT_EQ(pace.clock(CpuId(1), 30_ms), 30_ms);
  EXPECT_EQ(pace.clock(CpuId(3), 30_ms), 10_ms + 20_ms * machine.smt_share() / 1024);
}

// One task, 10 ms at half the frequency and 10 ms at the full one.
TEST(Pace, ReplayedWorkIsSoMuchLess) {
  TraceMaker maker(1);
  maker.names(5, "task").sw(0, 0, 0, kStateRunning, 5).sw(20'000, 0, 5, kStateDead, 0);
  SchedTrace& trace = maker.trace();
  trace.power = {frequency(0_ms, 0, 500'000), frequency(10_ms, 0, 1'000'000)};
  const Workload workload = build_workload(trace, plain(1));
  int64_t work = 0;
  for (const Op& op : workload.ops) work += op.kind == OpKind::kCompute ? op.value : 0;
  EXPECT_EQ(work, 15'000'000);
}

}  // namespace
}  // namespace simsched

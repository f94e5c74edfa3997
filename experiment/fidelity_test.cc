#include "experiment/fidelity.h"

#include <gtest/gtest.h>

namespace simsched {
namespace {

TraceStats stats(int64_t makespan, uint64_t switches, int64_t latency) {
  TraceStats made;
  made.makespan = Nanos(makespan);
  made.switches = switches;
  made.migrations = 10;
  made.busy = {Nanos(makespan / 2)};
  made.latencies = {Nanos(latency)};
  return made;
}

const FidelityMetric& metric(const Fidelity& fidelity, const std::string& name) {
  for (const FidelityMetric& candidate : fidelity.metrics()) {
    if (candidate.name == name) return candidate;
  }
  throw std::out_of_range(name);
}

TEST(Fidelity, ComparesTheMedian) {
  Fidelity fidelity(stats(1000000, 100, 50), {stats(1300000, 90, 50), stats(1010000, 105, 50), stats(990000, 200, 50)});
  EXPECT_EQ(metric(fidelity, "makespan_ns").simulated, 1010000);
  EXPECT_EQ(metric(fidelity, "makespan_ns").low, 990000);
  EXPECT_EQ(metric(fidelity, "makespan_ns").high, 1300000);
  EXPECT_DOUBLE_EQ(metric(fidelity, "makespan_ns").error(), 0.01);
  EXPECT_DOUBLE_EQ(metric(fidelity, "context_switches").error(), 0.05);
  EXPECT_TRUE(fidelity.ok());
}

TEST(Fidelity, OutsideTolerance) {
  Fidelity fidelity(stats(1000000, 100, 50), {stats(1000000, 100, 58)});
  EXPECT_FALSE(metric(fidelity, "wake_latency_ns_p99").ok());
  EXPECT_TRUE(metric(fidelity, "wake_latency_ns_p90").ok()) << "for information only";
  EXPECT_FALSE(fidelity.ok());
}

TEST(Fidelity, NothingRecorded) {
  Fidelity same(stats(1000000, 0, 0), {stats(1000000, 0, 0)});
  EXPECT_TRUE(same.ok());
  Fidelity more(stats(1000000, 0, 0), {stats(1000000, 3, 0)});
  EXPECT_DOUBLE_EQ(metric(more, "context_switches").error(), 3);
  EXPECT_FALSE(more.ok());
}

}  // namespace
}  // namespace simsched

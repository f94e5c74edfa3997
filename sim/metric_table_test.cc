#include "sim/metric_table.h"

#include <gtest/gtest.h>

#include <set>

namespace simsched {
namespace {

int64_t value(const char* name, const Totals& totals) { return find_metric(name)->value(totals); }

TEST(MetricTable, NamesAreUniqueAndCarryTheirUnit) {
  std::set<std::string> names;
  for (const Metric& metric : metric_table()) {
    EXPECT_TRUE(names.insert(metric.name).second) << metric.name;
    EXPECT_EQ(metric.name.find("_ns") != std::string::npos, metric.unit == "ns") << metric.name;
    EXPECT_EQ(metric.name.ends_with("_ppm"), metric.unit == "ppm") << metric.name;
    EXPECT_EQ(find_metric(metric.name), &metric);
    EXPECT_FALSE(metric.help.empty()) << metric.name;
  }
  EXPECT_EQ(find_metric("makespan"), nullptr);
}

TEST(MetricTable, OfNothingIsNothingButFair) {
  for (const Metric& metric : metric_table())
    EXPECT_EQ(metric.value(Totals()), metric.name == "fairness_jain_ppm" ? 1000000 : 0) << metric.name;
}

// Every kind and distance has its row: what is counted once shows once, and in the sum.
TEST(MetricTable, MigrationsAreTheSumOfTheirKinds) {
  Totals totals;
  for (size_t i = 0; i < kNrMigrationKinds; ++i) totals.counts.migrations_by_kind[i] = uint64_t{1} << i;
  EXPECT_EQ(value("migrations", totals), (1 << kNrMigrationKinds) - 1);
  int64_t sum = 0;
  for (const Metric& metric : metric_table())
    if (metric.name.starts_with("migrations_")) sum += metric.value(totals);
  EXPECT_EQ(sum, value("migrations", totals));
  EXPECT_EQ(value("migrations_exec", totals), 1 << static_cast<int>(MigrationKind::kExec));
  totals.counts.migrations_by_distance[static_cast<size_t>(Distance::kRemote)] = 7;
  EXPECT_EQ(value("migrations_remote", totals), 7);
}

TEST(MetricTable, SharesAreOfAllCpuTime) {
  Totals totals;
  totals.tasks[Cause::kWork] = 30_ns;
  totals.cpus = {50_ns, 10_ns, 0_ns, 40_ns};
  EXPECT_EQ(value("throughput_work_ppm", totals), 300000);
  EXPECT_EQ(value("utilisation_ppm", totals), 600000);
}

TEST(MetricTable, QuantilesAreOfTheirHistogram) {
  Totals totals;
  for (int i = 1; i <= 100; ++i) totals.counts.wake_latency.add(Nanos(i));
  EXPECT_EQ(value("wake_latency_ns_mean", totals), 50);
  EXPECT_EQ(value("wake_latency_ns_p50", totals), 50);
  EXPECT_EQ(value("wake_latency_ns_p95", totals), 95);
  EXPECT_EQ(value("wake_latency_ns_p99", totals), 99);
  EXPECT_EQ(value("wake_latency_ns_max", totals), 100);
  EXPECT_EQ(value("runnable_wait_ns_max", totals), 0);
}

}  // namespace
}  // namespace simsched

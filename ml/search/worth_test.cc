#include "ml/search/worth.h"

#include <gtest/gtest.h>

#include <cmath>

namespace simsched::search {
namespace {

constexpr Objective kPlain;

Worth worth(const std::vector<Figures>& runs, const std::vector<std::vector<Figures>>& baselines,
            const Objective& objective = kPlain) {
  FiguresTable table;
  for (const Figures& run : runs) table.push_back({run});
  return worth_of(table, 0, baselines, objective);
}

Figures run(int64_t makespan, int64_t migrations = 100) { return {makespan, migrations, 50'000, 1'000'000, 0, false}; }

TEST(Worth, IsNothingForTheBetterBaselineItself) {
  EXPECT_NEAR(worth({run(1000)}, {{run(1000), run(1200)}}).total, 0, 1e-12);
  EXPECT_NEAR(worth({run(1200)}, {{run(1000), run(1200)}}).makespan, std::log(1.2), 1e-3);
}

TEST(Worth, TheWorstQuarterCountsOnceMore) {
  std::vector<Figures> runs(8, run(900'000));
  runs[3] = runs[6] = run(1'500'000);
  const std::vector<std::vector<Figures>> baselines(8, {run(1'000'000)});
  const Worth w = worth(runs, baselines);
  EXPECT_NEAR(w.makespan, (6 * std::log(0.9) + 2 * std::log(1.5)) / 8, 1e-5);
  EXPECT_NEAR(w.tail, std::log(1.5), 1e-5);
  EXPECT_NEAR(w.total, w.makespan + 0.5 * w.tail, 1e-9);
}

TEST(Worth, MigrationsAreComparedToTheBetterBaseline) {
  EXPECT_NEAR(worth({run(1000, 9)}, {{run(1000, 99), run(2000, 9)}}).migrations, std::log(0.1), 1e-9);
}

TEST(Worth, LatencyWaitsAndEnergyCountOnlyBeyondTheirBounds) {
  Figures base = run(1000), slow = base;
  base.energy = slow.energy = 1'000'000;
  slow.wake_p99 = 52'000, slow.longest_wait = 99'000'000, slow.energy = 1'019'000;
  EXPECT_EQ(worth({slow}, {{base}}).total, 0);
  slow.wake_p99 = 101'000, slow.longest_wait = 200'000'000, slow.energy = 2'040'000;
  const Worth w = worth({slow}, {{base}});
  EXPECT_NEAR(w.wake, std::log(2 / 1.05), 1e-3);
  EXPECT_NEAR(w.wait, std::log(2), 1e-6);
  EXPECT_NEAR(w.energy, std::log(2), 1e-3);
  // What waits as long under the first baseline is no fault of the candidate's.
  base.longest_wait = 300'000'000;
  EXPECT_EQ(worth({slow}, {{base}}).wait, 0);
}

TEST(Worth, WhoFailsWinsNothingByBeingCutOff) {
  Figures failed = run(10);
  failed.failed = true;
  EXPECT_EQ(worth({failed}, {{run(1000)}}).makespan, kFailed);
  EXPECT_NEAR(worth({run(1000)}, {{failed, run(1000)}}).makespan, 0, 1e-12);  // a baseline neither
}

}  // namespace
}  // namespace simsched::search

#include "scx_port/schedulers/rusty_ml/experts.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <vector>

namespace simsched::rusty_ml {
namespace {

Toll toll(int64_t permille, int64_t noise) {
  return {.ran = 100_ms, .waited = Nanos(100'000 * (permille + noise)), .moving = Nanos(0), .tail = 256 * 100};
}

// How often each decided in the last `last` of `epochs` in which it costs what `cost` says, in 1000ths of what ran,
// give or take 20 %.
std::vector<int> decided(Experts& experts, const std::vector<int64_t>& cost, int epochs, int last, Rng& rng) {
  std::vector<int> count(cost.size());
  for (int i = 0; i < epochs; ++i) {
    if (i >= epochs - last) ++count[experts.current()];
    const int64_t c = cost[experts.current()];
    experts.end_epoch(toll(c, rng.between(-c / 5, c / 5)));
  }
  return count;
}

TEST(Experts, TheHeuristicBegins) { EXPECT_EQ(Experts(3, {}).current(), Experts::kHeuristic); }

TEST(Experts, WhoCostsLeastDecidesMost) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    for (size_t best : {1u, 2u, 3u}) {
      Experts experts(3, {});
      Rng rng(seed);
      std::vector<int64_t> cost(4, 300);
      cost[best] = 200;
      EXPECT_GT(decided(experts, cost, 200, 100, rng)[best], 70) << "seed " << seed << ", best " << best;
    }
  }
}

// The load changes, and with it who is best: within 30 epochs the new one has taken over, or the heuristic has.
TEST(Experts, RecoverWhenTheLoadChanges) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    Experts experts(2, {});
    Rng rng(seed);
    decided(experts, {300, 200, 400}, 150, 1, rng);
    decided(experts, {300, 600, 200}, 30, 1, rng);
    const std::vector<int> after = decided(experts, {300, 600, 200}, 100, 100, rng);
    EXPECT_LT(after[1], 20) << "seed " << seed;
    EXPECT_GT(after[2], 40) << "seed " << seed;
  }
}

TEST(Experts, GoBackToTheHeuristicWhereAllModelsAreWorse) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    Experts experts(3, {});
    Rng rng(seed);
    const std::vector<int> count = decided(experts, {200, 300, 300, 300}, 400, 200, rng);
    EXPECT_GT(count[Experts::kHeuristic], 160) << "seed " << seed;
  }
}

// The mean wait is the same, and who waits longest waits longer.
TEST(Experts, GoBackWhenTheTailGrows) {
  Experts experts(1, {});
  for (int i = 0; i < 200; ++i) {
    Toll t = toll(200, 0);
    t.tail = 256 * (experts.current() == Experts::kHeuristic ? 100 : 104);
    experts.end_epoch(t);
  }
  EXPECT_GT(experts.reverts(), 2);
  EXPECT_GT(experts.epochs_of(0), experts.epochs_of(1));
}

TEST(Experts, EpochsInWhichNothingRunsTeachNothing) {
  Experts experts(1, {});
  for (int i = 0; i < 100; ++i) experts.end_epoch({.ran = 10_us, .waited = experts.current() == 0 ? 0_s : 1_s});
  EXPECT_EQ(experts.reverts(), 0);
  EXPECT_GT(experts.epochs_of(1), 30);
}

RC_GTEST_PROP(ExpertsProperty, TakeAnyTollAndTryEverybody, (uint64_t seed)) {
  Rng rng(seed);
  const size_t models = 1 + rng.below(Experts::kMost);
  Experts experts(models, {.explore_permille = 300, .patience = 1 << 20});
  for (int i = 0; i < 3000; ++i) {
    const uint64_t shift = rng.below(62);
    experts.end_epoch({.ran = Nanos(static_cast<int64_t>(rng.next() >> 1 >> shift)),
                       .waited = Nanos(static_cast<int64_t>(rng.next() >> 2 >> shift)),
                       .moving = Nanos(static_cast<int64_t>(rng.next() >> 2 >> shift)),
                       .tail = static_cast<int64_t>(rng.below(256 * 256))});
    RC_ASSERT(experts.current() <= models);
  }
  for (size_t arm = 0; arm <= models; ++arm) RC_ASSERT(experts.epochs_of(arm) > 0);
}

}  // namespace
}  // namespace simsched::rusty_ml

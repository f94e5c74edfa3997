#include "base/spread.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace simsched {
namespace {

TEST(Spread, ConstantDrawsNoRandomNumber) {
  Rng rng(1), same(1);
  EXPECT_EQ(Spread(7_us).sample(rng), 7_us);
  EXPECT_EQ(rng.next(), same.next());
}

TEST(Spread, SamplesHaveItsQuantiles) {
  Spread spread(10_us, 20_us, 40_us, 50_us, 90_us);
  Rng rng(3);
  std::vector<int64_t> samples;
  for (int i = 0; i < 40001; ++i) samples.push_back(spread.sample(rng).count());
  std::sort(samples.begin(), samples.end());
  EXPECT_GE(samples.front(), 10'000);
  EXPECT_LE(samples.back(), 90'000);
  EXPECT_NEAR(static_cast<double>(samples[10000]), 20'000, 500);
  EXPECT_NEAR(static_cast<double>(samples[20000]), 40'000, 500);
  EXPECT_NEAR(static_cast<double>(samples[30000]), 50'000, 1000);
}

}  // namespace
}  // namespace simsched

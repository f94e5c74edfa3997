#include "ml/model/features.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>

#include "ml/model/nets.h"

namespace simsched::ml {
namespace {

static_assert(int{FEATURES} == int{mlp::MLP_INPUTS});
constexpr mlp::Ranges kRanges = mlp::kFeatureRanges;

TEST(Features, EveryRangeIsOne) {
  for (size_t i = 0; i < FEATURES; ++i) EXPECT_LT(kRanges.lo[i], kRanges.hi[i]);
}

RC_GTEST_PROP(Features, ALogarithmIsWithinAnEighthOfAStepOfTheTrueOne, ()) {
  const int bits = *rc::gen::inRange(1, 64);
  const u64 v = *rc::gen::inRange<u64>(u64{1} << (bits - 1), u64{1} << bits);
  // The straight line lies at most 0.0861 of a factor of two below the curve, and is rounded down.
  const double exact = 8 * std::log2(static_cast<double>(v));
  RC_ASSERT(feature_log(v) <= exact + 1e-9);
  RC_ASSERT(feature_log(v) > exact - 1 - 8 * 0.0861);
}

RC_GTEST_PROP(Features, MoreIsNeverLess, ()) {
  const u64 a = *rc::gen::inRange<u64>(0, u64{1} << 50), b = *rc::gen::inRange<u64>(0, u64{1} << 50);
  const u64 other = *rc::gen::inRange<u64>(0, u64{1} << 50);
  const u64 low = std::min(a, b), high = std::max(a, b);
  RC_ASSERT(feature_log(low) <= feature_log(high));
  RC_ASSERT(feature_share(low, other) <= feature_share(high, other));
  RC_ASSERT(feature_queue(low >> 10, other) <= feature_queue(high >> 10, other));
  RC_ASSERT(feature_capacity(low >> 10, other) <= feature_capacity(high >> 10, other));
  RC_ASSERT(feature_distance(low) <= feature_distance(high));
  RC_ASSERT(feature_share(high, low) <= 255);
}

TEST(Features, HaveTheValuesThatTheEncodingSays) {
  EXPECT_EQ(feature_log(0), 0);
  EXPECT_EQ(feature_log(1), 0);
  EXPECT_EQ(feature_log(100), 52);  // the weight of nice 0
  EXPECT_EQ(feature_log(1024), 80);
  EXPECT_EQ(feature_log(~u64{0}), 511);
  EXPECT_EQ(feature_share(1, 2), 127);
  EXPECT_EQ(feature_share(0, 0), 0);
  EXPECT_EQ(feature_queue(3, 2), 24);
  EXPECT_EQ(feature_queue(1, 0), 0);
  EXPECT_EQ(feature_capacity(1024, 1024), 128);
  EXPECT_EQ(feature_capacity(446, 1024), 55);
  EXPECT_EQ(feature_capacity(1024, 446), 255);
  EXPECT_EQ(feature_distance(32), 22);
}

}  // namespace
}  // namespace simsched::ml

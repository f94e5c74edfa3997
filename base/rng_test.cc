#include "base/rng.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>

namespace simsched {
namespace {

// The published SplitMix64 sequence: these numbers may never change, or every stored result does.
TEST(Rng, SameNumbersEverywhere) {
  Rng zero(0);
  EXPECT_EQ(zero.next(), 0xe220a8397b1dcdafu);
  EXPECT_EQ(zero.next(), 0x6e789e6aa1b965f4u);
  EXPECT_EQ(zero.next(), 0x06c45d188009454fu);
  Rng seeded(1234567);
  EXPECT_EQ(seeded.next(), 6457827717110365317u);
  EXPECT_EQ(seeded.next(), 3203168211198807973u);
}

TEST(Rng, SplitDoesNotAdvanceAndStreamsDiffer) {
  Rng rng(42), untouched(42);
  Rng a = rng.split(1), again = rng.split(1), b = rng.split(2);
  uint64_t first = a.next();
  EXPECT_EQ(first, again.next());
  EXPECT_NE(first, b.next());
  EXPECT_EQ(rng.next(), untouched.next());
}

TEST(Rng, BetweenCoversTheWholeSignedRange) {
  constexpr int64_t kMin = std::numeric_limits<int64_t>::min(), kMax = std::numeric_limits<int64_t>::max();
  Rng rng(7);
  bool negative = false, positive = false;
  for (int i = 0; i < 64; ++i) {
    int64_t value = rng.between(kMin, kMax);
    negative |= value < 0;
    positive |= value > 0;
    EXPECT_GE(rng.between(-1, kMax), -1);
  }
  EXPECT_TRUE(negative && positive);
}

TEST(Rng, BelowIsRoughlyUniform) {
  Rng rng(3);
  int counts[10] = {};
  for (int i = 0; i < 100000; ++i) ++counts[rng.below(10)];
  for (int count : counts) EXPECT_NEAR(count, 10000, 500);
}

RC_GTEST_PROP(RngProperty, StaysInRange, (uint64_t seed)) {
  int64_t low = *rc::gen::arbitrary<int64_t>(), high = *rc::gen::arbitrary<int64_t>();
  if (low > high) std::swap(low, high);
  Rng rng(seed);
  for (int i = 0; i < 20; ++i) {
    int64_t value = rng.between(low, high);
    RC_ASSERT(low <= value && value <= high);
  }
}

}  // namespace
}  // namespace simsched

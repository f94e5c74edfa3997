#include "base/exponential.h"

#include <gtest/gtest.h>

#include <cmath>

namespace simsched {
namespace {

TEST(Exponential, HasTheMomentsAndTailOfItsDistribution) {
  Rng rng(1);
  constexpr int kDraws = 1'000'000;
  double sum = 0, squares = 0;
  int beyond = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double x = std::ldexp(static_cast<double>(exponential(rng)), -32);
    sum += x;
    squares += x * x;
    beyond += x > 5;
  }
  EXPECT_NEAR(sum / kDraws, 1, 0.005);
  EXPECT_NEAR(squares / kDraws, 2, 0.02);
  EXPECT_NEAR(beyond, kDraws * std::exp(-5), 250);
}

// The same numbers from any compiler.
TEST(Exponential, IsTheSameEverywhere) {
  Rng rng(7);
  const uint64_t first = exponential(rng), second = exponential(rng);
  Rng again(7);
  EXPECT_EQ(exponential(again), first);
  EXPECT_EQ(exponential(again), second);
  const double u = std::ldexp(static_cast<double>(Rng(7).next() | 1), -64);
  EXPECT_NEAR(std::ldexp(static_cast<double>(first), -32), -std::log(u), 4e-6);
}

TEST(Exponential, HasTheMeanThatItIsGiven) {
  Rng rng(3);
  constexpr int kDraws = 200'000;
  int64_t sum = 0;
  for (int i = 0; i < kDraws; ++i) sum += exponential(1'000'000, rng);
  EXPECT_NEAR(static_cast<double>(sum) / kDraws, 1e6, 1e4);
  EXPECT_EQ(exponential(0, rng), 0);
}

}  // namespace
}  // namespace simsched

#include "report/tail.h"

#include <gtest/gtest.h>

#include <boost/math/distributions/binomial.hpp>

#include "report/comparison.h"

namespace simsched {
namespace {

// Against the binomial distribution of how many samples lie below the quantile: with so many samples neither none nor
// all of them do, but for 2.5 % each; with one less some interval ends in the open.
TEST(Tail, HasAnIntervalFromSoManySamplesOn) {
  for (double q : {0.01, 0.5, 0.9, 0.95, 0.99, 0.999, 0.9999, 0.99999}) {
    auto outside = [q](uint64_t n) {
      const boost::math::binomial below(static_cast<double>(n), q);
      return std::max(pdf(below, 0.0), pdf(below, static_cast<double>(n)));
    };
    EXPECT_LE(outside(least_samples(q)), 0.025) << q;
    EXPECT_GT(outside(least_samples(q) - 1), 0.025) << q;
  }
  EXPECT_EQ(least_samples(0.5), 6u);
  EXPECT_EQ(least_samples(0.99), 368u);
  EXPECT_EQ(least_samples(0.999), 3688u);
  EXPECT_EQ(least_samples(0.99999), 368887u);
}

TEST(Tail, IsKnownByItsName) {
  EXPECT_DOUBLE_EQ(quantile_of("wake_latency_ns_p99").value(), 0.99);
  EXPECT_DOUBLE_EQ(quantile_of("x_p50").value(), 0.5);
  EXPECT_NEAR(quantile_of("x_p99999").value(), 0.99999, 1e-12);
  for (const char* name : {"makespan_ns", "x_p", "x_ppm", "x_pull", "x_p9x", "", "x_p0"})
    EXPECT_FALSE(quantile_of(name)) << name;
}

TEST(Tail, OfTooFewSamplesIsMarkedAndExplained) {
  auto table = [](int64_t samples) {
    RunResult a, b;
    a.policy = "a";
    b.policy = "b";
    a.metrics = {{"wake_latency_samples", 400}, {"wake_latency_ns_p99", 5000}};
    b.metrics = {{"wake_latency_samples", samples}, {"wake_latency_ns_p99", 4000}};
    return comparison_tables(std::vector{a, b}, {"wake_latency_ns_p99"}, false);
  };
  EXPECT_NE(table(368).find("4.000 us * -20.0%"), std::string::npos) << table(368);
  EXPECT_EQ(table(368).find("?"), std::string::npos);
  const std::string few = table(367);
  EXPECT_EQ(few.find("4.000"), std::string::npos) << few;
  EXPECT_EQ(few.find("5.000 us *"), std::string::npos) << few;  // nothing to be better than
  EXPECT_NE(few.find("? wake_latency_ns_p99 of b: 367 samples in a run,\n"
                     "  and its 95 % confidence interval needs 368 whatever the distribution\n"),
            std::string::npos)
      << few;
}

}  // namespace
}  // namespace simsched

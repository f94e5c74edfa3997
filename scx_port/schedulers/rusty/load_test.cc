#include "scx_port/schedulers/rusty/load.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cmath>

namespace simsched::rusty {
namespace {

double real(int64_t fixed) { return static_cast<double>(fixed) / static_cast<double>(kOne); }

TEST(RustyLoad, BucketsStandForTheirMiddle) {
  EXPECT_EQ(bucket_weight(0), 51);
  EXPECT_EQ(bucket_weight(1), 151);
  EXPECT_EQ(bucket_weight(99), 9951);
}

TEST(RustyLoad, WeightsDoNotMatterWhileCpusAreIdle) {
  std::vector<Buckets> domains(2);
  domains[0][1] = 2 * kOne;
  domains[1][86] = kOne / 2;
  Loads loads = domain_loads(domains, 8, false);
  EXPECT_EQ(loads.by_domain, (std::vector<Load>{200 * kOne, 50 * kOne}));
  EXPECT_EQ(loads.total, 250 * kOne);
  EXPECT_EQ(loads.of_task(8668, kOne / 2), 50 * kOne);
  EXPECT_FALSE(loads.max_weight);
}

TEST(RustyLoad, FeasibleWeightsCountInFull) {
  std::vector<Buckets> domains(2);
  domains[0][1] = 4 * kOne;
  domains[1][2] = 4 * kOne;
  Loads loads = domain_loads(domains, 4, true);  // L/P = (604 + 1004) / 4 = 402
  EXPECT_FALSE(loads.max_weight);
  EXPECT_EQ(loads.by_domain, (std::vector<Load>{604 * kOne, 1004 * kOne}));
  EXPECT_EQ(loads.of_task(100, kOne), 100 * kOne);
}

// Four CPUs; one task of weight 9951, four of 151. L = 10555, L/P = 2639 < 9951: infeasible.
// lambda = 604 / (4 - 1) = 201.33 >= 151.
TEST(RustyLoad, AnInfeasibleWeightIsCutToWhatOneCpuIsWorth) {
  std::vector<Buckets> domains(2);
  domains[0][99] = kOne;
  domains[1][1] = 4 * kOne;
  Loads loads = domain_loads(domains, 4, true);
  ASSERT_TRUE(loads.max_weight);
  EXPECT_NEAR(real(*loads.max_weight), 604.0 / 3, 1e-5);
  EXPECT_NEAR(real(loads.by_domain[0]), 604.0 / 3, 1e-5);
  EXPECT_EQ(loads.by_domain[1], 604 * kOne);
  EXPECT_NEAR(real(loads.of_task(10000, kOne)), 604.0 / 3, 1e-5);
  EXPECT_EQ(loads.of_task(100, kOne), 100 * kOne);
}

// Two steps: 3 CPUs; weights 9951, 4951, 151 x 3. lambda = (4951 + 453) / 2 = 2702 < 4951; then 453 / 1 = 453.
TEST(RustyLoad, SeveralWeightsCanBeInfeasible) {
  std::vector<WeightClass> classes = {{weight_of(151), 3 * kOne}, {weight_of(9951), kOne}, {weight_of(4951), kOne}};
  EXPECT_EQ(feasible_weight(classes, 3), weight_of(453));
}

TEST(RustyLoad, FewerTasksThanCpusAllCountTheSame) {
  EXPECT_EQ(feasible_weight({{weight_of(951), kOne}, {weight_of(151), kOne}}, 4), weight_of(151));
  EXPECT_EQ(feasible_weight({{weight_of(951), kOne}}, 4), weight_of(951));
  EXPECT_FALSE(feasible_weight({}, 4));
}

std::vector<WeightClass> gen_classes() {
  std::vector<WeightClass> classes;
  for (size_t b = 0; b < RUSTY_BUCKETS; ++b)
    if (*rc::gen::inRange(0, 10) == 0)
      classes.push_back({weight_of(bucket_weight(b)), *rc::gen::inRange<Duty>(1, 20 * kOne)});
  return classes;
}

// The same in floating point, straight from the definition.
double reference(std::vector<WeightClass> classes, size_t cpus) {
  std::ranges::sort(classes, std::ranges::greater{}, &WeightClass::weight);
  double load = 0, p = static_cast<double>(cpus), taken_load = 0, taken_duty = 0;
  for (auto c : classes) load += real(c.weight) * real(c.duty);
  if (real(classes[0].weight) < load / p) return -1;
  for (size_t i = 0; i + 1 < classes.size(); ++i) {
    taken_load += real(classes[i].weight) * real(classes[i].duty);
    taken_duty += real(classes[i].duty);
    double lambda = (load - taken_load) / (p - taken_duty);
    if (lambda >= real(classes[i + 1].weight) - 1e-4) return lambda;
  }
  return real(classes.back().weight);
}

TEST(RustyLoad, AgreesWithADoublePrecisionReference) {
  EXPECT_TRUE(rc::check([] {
    auto classes = gen_classes();
    RC_PRE(!classes.empty());
    auto cpus = *rc::gen::inRange<size_t>(1, 200);
    double expected = reference(classes, cpus);
    auto got = feasible_weight(classes, cpus);
    if (expected < 0) {
      RC_ASSERT(!got);
    } else {
      RC_ASSERT(got.has_value());
      RC_ASSERT(std::abs(real(*got) - expected) < 1e-3);
    }
  }));
}

// The point of it: with the answer as the greatest weight, nobody is due more than one CPU.
TEST(RustyLoad, NobodyIsDueMoreThanACpu) {
  EXPECT_TRUE(rc::check([] {
    auto classes = gen_classes();
    Duty duty = 0;
    for (auto c : classes) duty += c.duty;
    auto cpus = *rc::gen::inRange<size_t>(1, 200);
    RC_PRE(!classes.empty() && duty >= static_cast<Duty>(cpus) * kOne);
    auto limit = feasible_weight(classes, cpus);
    double load = 0, most = 0;
    for (auto c : classes) {
      double w = real(limit ? std::min(*limit, c.weight) : c.weight);
      load += w * real(c.duty);
      most = std::max(most, w);
    }
    RC_ASSERT(most <= load / static_cast<double>(cpus) * 1.0001);
  }));
}

}  // namespace
}  // namespace simsched::rusty

#include "traces/latency_distance.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

namespace simsched {
namespace {

using List = std::vector<Nanos>;

double distance(const List& a, const List& b) { return static_cast<double>(latency_distance_ppm(a, b)); }

TEST(LatencyDistance, IsTheMeanOfTheDifferencesOfLogarithms) {
  // e = 2.71828: ln(27183 / 10000) = 1.0000 to five places.
  EXPECT_NEAR(distance({10000_ns}, {27183_ns}), 1'000'000, 10);
  EXPECT_NEAR(distance({10000_ns, 10000_ns}, {10000_ns, 27183_ns}), 500'000, 10);
  // Of different sizes: a third of the one is e times longer.
  EXPECT_NEAR(distance({10000_ns, 10000_ns}, {10000_ns, 10000_ns, 27183_ns}), 333'333, 10);
}

TEST(LatencyDistance, WhatIsShorterThanHalfAMicrosecondIsAlike) {
  EXPECT_EQ(latency_distance_ppm({1_ns}, {500_ns}), 0);
  EXPECT_EQ(latency_distance_ppm({}, {}), 0);
  EXPECT_NEAR(distance({}, {Nanos(1359)}), 1'000'000, 200);
}

RC_GTEST_PROP(LatencyDistance, IsADistance, ()) {
  auto list = [] {
    List made;
    for (int value : *rc::gen::nonEmpty(rc::gen::container<std::vector<int>>(rc::gen::inRange(1, 1'000'000))))
      made.push_back(Nanos(value));
    std::sort(made.begin(), made.end());
    return made;
  };
  const List a = list(), b = list(), c = list();
  RC_ASSERT(latency_distance_ppm(a, a) == 0);
  RC_ASSERT(latency_distance_ppm(a, b) == latency_distance_ppm(b, a));
  RC_ASSERT(latency_distance_ppm(a, c) <= latency_distance_ppm(a, b) + latency_distance_ppm(b, c) + 2);
  List twice = a;
  twice.insert(twice.end(), a.begin(), a.end());
  std::sort(twice.begin(), twice.end());
  RC_ASSERT(latency_distance_ppm(a, twice) <= 1);
}

}  // namespace
}  // namespace simsched

#include "ml/search/optimizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "ml/search/exact_math.h"

namespace simsched::search {
namespace {

using Function = std::function<double(const Point&)>;

double sphere(const Point& x) {
  double sum = 0;
  for (double v : x) sum += v * v;
  return sum;
}

// The last axis is a thousand times steeper than the first.
double ellipsoid(const Point& x) {
  double sum = 0;
  for (size_t i = 0; i < x.size(); ++i)
    sum += exp(exact_log(1e6) * static_cast<double>(i) / static_cast<double>(x.size() - 1)) * x[i] * x[i];
  return sum;
}

// The same seen askew: its axes are no one's coordinates.
double turned_ellipsoid(const Point& x) {
  Point y = x;
  for (size_t i = 0, k = y.size() - 1; i < k; ++i, --k) {
    const double a = 0.8 * y[i] - 0.6 * y[k], b = 0.6 * y[i] + 0.8 * y[k];
    y[i] = a, y[k] = b;
  }
  return ellipsoid(y);
}

double rosenbrock(const Point& x) {
  double sum = 0;
  for (size_t i = 0; i + 1 < x.size(); ++i)
    sum += 100 * (x[i] * x[i] - x[i + 1]) * (x[i] * x[i] - x[i + 1]) + (x[i] - 1) * (x[i] - 1);
  return sum;
}

void generation(Optimizer& optimizer, const Function& f) {
  std::vector<double> values;
  for (const Point& x : optimizer.ask()) values.push_back(f(x));
  optimizer.tell(values);
}

// Evaluations until where it stands is worth less than `target`; at most `most`.
size_t evaluations(const std::string& name, const Function& f, Point start, double target, size_t most,
                   size_t population = 20, double sigma = 0.5) {
  auto optimizer = make_optimizer({name, population, sigma, 7}, std::move(start));
  size_t count = 0;
  while (count < most && f(optimizer->mean()) >= target) {
    generation(*optimizer, f);
    count += population;
  }
  return count;
}

TEST(ExactMath, IsThatOfTheLibrary) {
  for (double x : {1e-300, 1e-9, 0.3, 0.7071, 0.99999, 1.0, 1.5, 2.0, 1e9, 1e300})
    EXPECT_NEAR(exact_log(x), std::log(x), 2e-15 * std::max(1.0, std::abs(std::log(x)))) << x;
  for (double x : {-700.0, -20.0, -1.0, -1e-9, 0.0, 0.3465, 1.0, 20.0, 700.0})
    EXPECT_NEAR(exp(x) / std::exp(x), 1, 1e-13) << x;
}

TEST(ExactMath, NormalNumbersHaveTheMomentsOfNormalOnes) {
  Rng rng(1);
  constexpr int kCount = 200000;
  double mean = 0, variance = 0, fourth = 0;
  for (int i = 0; i < kCount; ++i) {
    const double z = normal(rng);
    mean += z / kCount, variance += z * z / kCount, fourth += z * z * z * z / kCount;
  }
  EXPECT_NEAR(mean, 0, 0.01);
  EXPECT_NEAR(variance, 1, 0.02);
  EXPECT_NEAR(fourth, 2.9, 0.1);  // 3 - 1.2 / 12
}

TEST(Optimizer, FindsTheMinimumOfClosedForms) {
  const Point ones(10, 1.0), zeros(10, 0.0);
  EXPECT_LT(evaluations("sep_cma_es", sphere, ones, 1e-8, 9999), 2500);
  EXPECT_LT(evaluations("cma_es", sphere, ones, 1e-8, 9999), 3000);
  EXPECT_LT(evaluations("sep_cma_es", ellipsoid, ones, 1e-8, 19999), 6000);
  EXPECT_LT(evaluations("cma_es", ellipsoid, ones, 1e-8, 39999), 15000);
  EXPECT_LT(evaluations("cma_es", rosenbrock, zeros, 1e-8, 39999), 20000);
  EXPECT_LT(evaluations("ars", sphere, ones, 1e-1, 19999, 20, 0.1), 5000);
}

TEST(Optimizer, OnlyAllCovariancesSeeAxesThatLieAskew) {
  const Point ones(10, 1.0);
  EXPECT_LT(evaluations("cma_es", turned_ellipsoid, ones, 1e-8, 39999), 15000);
  EXPECT_EQ(evaluations("sep_cma_es", turned_ellipsoid, ones, 1e-8, 20000), 20000);
}

TEST(Optimizer, ManyParametersAreNoHindrance) {
  EXPECT_LT(evaluations("sep_cma_es", sphere, Point(273, 0.5), 1e-2, 99999, 48), 40000);
  auto full = make_optimizer({"cma_es", 48, 0.3, 1}, Point(273, 0.5));
  for (int i = 0; i < 3; ++i) generation(*full, sphere);
  EXPECT_TRUE(std::isfinite(sphere(full->mean())));
}

TEST(Optimizer, PointsComeInPairsMirroredAtTheMean) {
  for (const std::string& name : optimizer_names()) {
    auto optimizer = make_optimizer({name, 8, 0.5, 3}, {1, 2, 3});
    generation(*optimizer, rosenbrock);
    const std::vector<Point> points = optimizer->ask();
    ASSERT_EQ(points.size(), 8);
    for (size_t i = 0; i < points.size(); i += 2)
      for (size_t k = 0; k < 3; ++k)
        EXPECT_NEAR((points[i][k] + points[i + 1][k]) / 2, optimizer->mean()[k], 1e-12) << name;
  }
}

TEST(Optimizer, OnlyTheOrderOfValuesMattersToCmaEs) {
  for (const char* name : {"sep_cma_es", "cma_es"}) {
    auto plain = make_optimizer({name, 12, 0.5, 3}, Point(6, 1.0)),
         bent = make_optimizer({name, 12, 0.5, 3}, Point(6, 1.0));
    for (int i = 0; i < 20; ++i) {
      generation(*plain, sphere);
      generation(*bent, [](const Point& x) { return exact_log(sphere(x)); });
    }
    EXPECT_EQ(plain->save(), bent->save());
  }
}

TEST(Optimizer, GoesOnFromACheckpointAsIfNothingHadBeen) {
  for (const std::string& name : optimizer_names()) {
    const Method method{name, 12, 0.5, 5};
    auto whole = make_optimizer(method, Point(7, 0.0)), first = make_optimizer(method, Point(7, 0.0));
    for (int i = 0; i < 30; ++i) generation(*whole, rosenbrock);
    for (int i = 0; i < 11; ++i) generation(*first, rosenbrock);
    auto second = make_optimizer(method, Point(7, 9.0));
    ASSERT_TRUE(second->load(first->generation(), first->save()));
    for (int i = 11; i < 30; ++i) generation(*second, rosenbrock);
    EXPECT_EQ(second->save(), whole->save()) << name;
    EXPECT_EQ(second->generation(), 30);
  }
}

TEST(Optimizer, TakesNoStateOfAnother) {
  auto small = make_optimizer({"cma_es", 12, 0.5, 5}, Point(7, 0.0));
  EXPECT_FALSE(small->load(1, make_optimizer({"cma_es", 12, 0.5, 5}, Point(8, 0.0))->save()));
  std::vector<double> numbers = small->save();
  numbers[3] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_FALSE(small->load(1, numbers));
}

// Also where nothing is better than anything else, and where the value is the worst that there is.
TEST(Optimizer, SurvivesWhatSaysNothing) {
  for (const std::string& name : optimizer_names()) {
    auto optimizer = make_optimizer({name, 8, 0.5, 3}, {1, 2, 3});
    for (int i = 0; i < 200; ++i) generation(*optimizer, [](const Point&) { return 5.0; });
    for (double v : optimizer->save()) EXPECT_TRUE(std::isfinite(v)) << name;
  }
}

}  // namespace
}  // namespace simsched::search

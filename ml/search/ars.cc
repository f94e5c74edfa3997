#include "ml/search/ars.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.h"
#include "ml/search/exact_math.h"

namespace simsched::search {
namespace {

constexpr double kStep = 1;  // in units of the noise: how far a generation goes, about

}  // namespace

Point Ars::direction(size_t pair) const {
  Rng rng = Rng(seed_).split(generation_).split(pair);
  Point d(mean_.size());
  for (double& v : d) v = normal(rng);
  return d;
}

std::vector<Point> Ars::ask() const {
  std::vector<Point> points;
  for (size_t pair = 0; pair < population_ / 2; ++pair) {
    const Point d = direction(pair);
    for (double side : {1.0, -1.0}) {
      Point& point = points.emplace_back(mean_);
      for (size_t i = 0; i < point.size(); ++i) point[i] += side * noise_ * d[i];
    }
  }
  return points;
}

void Ars::tell(std::span<const double> values) {
  SIMSCHED_CHECK(values.size() == population_, "a value for each point");
  std::vector<size_t> pairs(population_ / 2);
  std::iota(pairs.begin(), pairs.end(), size_t{0});
  std::ranges::stable_sort(pairs, {}, [&](size_t pair) { return std::min(values[2 * pair], values[2 * pair + 1]); });
  pairs.resize(std::max<size_t>(1, pairs.size() / 2));

  const auto count = static_cast<double>(2 * pairs.size());
  double mean = 0, variance = 0;
  for (size_t pair : pairs) mean += (values[2 * pair] + values[2 * pair + 1]) / count;
  for (size_t pair : pairs)
    for (size_t side : {0, 1}) variance += (values[2 * pair + side] - mean) * (values[2 * pair + side] - mean) / count;
  if (variance > 0) {
    const double step = kStep * noise_ / (static_cast<double>(pairs.size()) * std::sqrt(variance));
    for (size_t pair : pairs) {
      const Point d = direction(pair);
      const double downhill = (values[2 * pair + 1] - values[2 * pair]) * step;
      for (size_t i = 0; i < d.size(); ++i) mean_[i] += downhill * d[i];
    }
  }
  ++generation_;
}

}  // namespace simsched::search

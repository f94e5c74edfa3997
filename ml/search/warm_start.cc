#include "ml/search/warm_start.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "base/error.h"
#include "base/parallel.h"
#include "base/temporary_folder.h"

namespace simsched::search {
namespace {

using mlp::MLP_HIDDEN;
using mlp::MLP_INPUTS;

constexpr uint64_t kRollouts = 4;  // stream of scenarios; see search.cc
constexpr size_t kScenarios = 24;
constexpr ml::RolloutOptions kEach{.every = 20, .most = 100, .horizon = 20_ms};
constexpr double kDamping = 1e-3;  // of the number of rows

// What the weights that are fitted are multiplied with; at last 1, for the bias.
Point regressors(const mlp::Features& in, const Shape& shape, const Point& first) {
  Point x;
  for (size_t i = 0; i < MLP_INPUTS; ++i) {
    const double low = shape.ranges.lo[i], high = shape.ranges.hi[i];
    x.push_back(std::clamp((in[i] - low) / (high - low), 0.0, 1.0));
  }
  if (shape.kind == ModelKind::kNet) {
    Point hidden;
    for (size_t j = 0; j < MLP_HIDDEN; ++j) {
      const double* const weights = &first[j * (MLP_INPUTS + 1)];
      double sum = weights[MLP_INPUTS];
      for (size_t i = 0; i < MLP_INPUTS; ++i) sum += weights[i] * x[i];
      hidden.push_back(std::clamp(sum, 0.0, 2.0));
    }
    x = std::move(hidden);
  }
  x.push_back(1);
  return x;
}

// Of a symmetric positive definite system, by Gauss: no row has to be swapped.
Point solved(std::vector<Point> a, Point b) {
  const size_t n = b.size();
  for (size_t k = 0; k < n; ++k)
    for (size_t i = k + 1; i < n; ++i) {
      const double factor = a[i][k] / a[k][k];
      for (size_t j = k; j < n; ++j) a[i][j] -= factor * a[k][j];
      b[i] -= factor * b[k];
    }
  for (size_t k = n; k-- > 0;) {
    for (size_t j = k + 1; j < n; ++j) b[k] -= a[k][j] * b[j];
    b[k] /= a[k][k];
  }
  return b;
}

}  // namespace

std::vector<ml::Rollout> training_rollouts(const SearchConfig& config, const PolicyRegistry& registry, int jobs) {
  const TemporaryFolder folder("simsched-search");
  const std::string path = folder.file("open.smlp");
  mlp::write_model(model_of(config.start, config.shape, 1), path);
  const PolicyConfig policy = config.candidate(config.start, path);
  const std::vector<Scenario> scenarios =
      draw_scenarios(config.train, config.file, kScenarios, 0, Rng(config.method.seed).split(kRollouts), registry);
  std::vector<std::vector<ml::Rollout>> parts(scenarios.size());
  parallel_for(scenarios.size(), jobs, [&](size_t i) {
    ml::RolloutOptions options = kEach;
    options.seed = scenarios[i].seed;
    parts[i] =
        ml::rollouts(scenarios[i].config, *scenarios[i].inputs, 0, scenarios[i].config.seeds[0], policy, options);
  });
  std::vector<ml::Rollout> rows;
  for (std::vector<ml::Rollout>& part : parts) std::ranges::move(part, std::back_inserter(rows));
  return rows;
}

Point fitted(const std::vector<ml::Rollout>& rows, const Shape& shape, const Point& first) {
  double squares = 0;
  for (const ml::Rollout& row : rows) squares += row.outcome * row.outcome;
  if (squares == 0) return first;
  const auto count = static_cast<double>(rows.size());
  const double usual = std::sqrt(squares / count);
  const size_t size = regressors({}, shape, first).size();
  std::vector<Point> a(size, Point(size, 0.0));
  Point b(size, 0.0);
  for (const ml::Rollout& row : rows) {
    const Point x = regressors(row.features, shape, first);
    const double y = 0.5 * std::clamp(row.outcome / usual, -2.0, 2.0);
    for (size_t i = 0; i < size; ++i) {
      for (size_t j = 0; j < size; ++j) a[i][j] += x[i] * x[j];
      b[i] += x[i] * y;
    }
  }
  for (size_t i = 0; i < size; ++i) a[i][i] += kDamping * count;
  const Point weights = solved(std::move(a), std::move(b));
  Point point = first;  // what is fitted are the model's last parameters
  std::ranges::copy(weights, point.begin() + static_cast<std::ptrdiff_t>(nr_parameters(shape.kind) - size));
  return point;
}

std::string rollouts_csv(const std::vector<ml::Rollout>& rows) {
  std::string text;
  for (size_t i = 0; i < MLP_INPUTS; ++i) text += fmt::format("input{},", i);
  text += "outcome\n";
  for (const ml::Rollout& row : rows) text += fmt::format("{},{:.9f}\n", fmt::join(row.features, ","), row.outcome);
  return text;
}

}  // namespace simsched::search

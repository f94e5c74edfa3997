#include "ml/learn/examples.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "ml/learn/exact_math.h"

namespace simsched::ml {
namespace {

constexpr float kMostWeight = 4;

float logarithm(uint16_t value) { return static_cast<float>(exact_log(1.0 + value)); }

}  // namespace

float Scaling::operator()(size_t f, uint16_t value) const {
  if (!used[f]) return 0;
  value = std::clamp(value, lo[f], hi[f]);
  return ((kind == ScalingKind::kLog ? logarithm(value) : static_cast<float>(value)) - shift[f]) * factor[f];
}

Scaling fit_scaling(const Dataset& data, ScalingKind kind, const std::array<bool, FEATURES>& without) {
  Scaling scaling;
  scaling.kind = kind;
  for (size_t f = 0; f < FEATURES; ++f) {
    scaling.used[f] = !without[f];
    const auto& column = data.inputs[f];
    if (without[f] || column.empty()) continue;
    const auto [lo, hi] = std::ranges::minmax(column);
    scaling.lo[f] = lo;
    scaling.hi[f] = hi;
    if (kind == ScalingKind::kZScore) {
      uint64_t sum = 0, squares = 0;
      for (uint16_t v : column) sum += v, squares += uint64_t{v} * v;
      const auto n = static_cast<double>(column.size());
      const double mean = static_cast<double>(sum) / n;
      const double variance = static_cast<double>(squares) / n - mean * mean;
      scaling.shift[f] = static_cast<float>(mean);
      scaling.factor[f] = variance > 0 ? static_cast<float>(1 / std::sqrt(variance)) : 1;
    } else {
      const float from = kind == ScalingKind::kLog ? logarithm(lo) : lo,
                  to = kind == ScalingKind::kLog ? logarithm(hi) : hi;
      scaling.shift[f] = from;
      scaling.factor[f] = to > from ? 1 / (to - from) : 1;
    }
  }
  return scaling;
}

Examples make_examples(const Dataset& data, const Scaling& scaling, Weights weights) {
  Examples examples;
  const auto rows = static_cast<Eigen::Index>(data.rows());
  examples.x.resize(kInputRows, rows);
  examples.y.resize(rows);
  examples.weight.resize(rows);
  const auto [stay, move] = data.count();
  const auto n = static_cast<float>(data.rows());
  const bool classes = weights == Weights::kClasses;
  const float of_class[2] = {classes && stay > 0 ? n / (2 * static_cast<float>(stay)) : 1,
                             classes && move > 0 ? n / (2 * static_cast<float>(move)) : 1};
  double sum = 0;
  if (weights == Weights::kOutcomes)
    for (const float outcome : data.outcome) sum += std::abs(static_cast<double>(outcome));
  const float unit = sum > 0 ? n / static_cast<float>(sum) : 0;
  for (size_t f = 0; f < FEATURES; ++f) {
    for (Eigen::Index i = 0; i < rows; ++i)
      examples.x(static_cast<Eigen::Index>(f), i) = scaling(f, data.inputs[f][static_cast<size_t>(i)]);
  }
  examples.x.row(FEATURES).setOnes();
  for (Eigen::Index i = 0; i < rows; ++i) {
    const auto row = static_cast<size_t>(i);
    examples.y(i) = data.moves[row];
    examples.weight(i) = of_class[data.moves[row]];
    if (unit > 0) examples.weight(i) = std::min(std::abs(data.outcome[row]) * unit, kMostWeight);
  }
  return examples;
}

void check_learnable(const Dataset& data, const std::array<bool, FEATURES>& without, const std::string& where) {
  if (data.rows() == 0) throw Error(where, "the dataset is empty", "collect from runs in which something is decided");
  const auto [stay, move] = data.count();
  if (stay == 0 || move == 0)
    throw Error(where,
                std::string("all decisions are to ") + (stay == 0 ? "move" : "stay") + ", so there is nothing to learn",
                "collect from other runs or sites");
  std::string constant, all_without;  // what to write, once and for all of them
  for (size_t f = 0; f < FEATURES; ++f) {
    const bool same = std::ranges::all_of(data.inputs[f], [&](uint16_t v) { return v == data.inputs[f][0]; });
    if (!without[f] && !same) continue;
    all_without += (all_without.empty() ? "" : ", ") + std::string(feature_name(f));
    if (!without[f] && constant.empty()) constant = feature_name(f);
  }
  if (!constant.empty())
    throw Error(where, "input '" + constant + "' is the same in all decisions",
                "collect from runs in which it differs, or leave out what does not: 'without: [" + all_without + "]'");
}

}  // namespace simsched::ml

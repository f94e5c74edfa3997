// A dataset as nets learn from it: scaled, in single precision.
#pragma once

#include <Eigen/Core>
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "ml/data/dataset.h"

namespace simsched::ml {

using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic>;
using Vector = Eigen::Matrix<float, Eigen::Dynamic, 1>;

// What a net sees of an input: minmax: 0 to 1; zscore: of mean 0 and variance 1; log: minmax of its logarithm. What
// lies beyond what was seen in training is taken as the nearest that was, as models in integers do.
enum class ScalingKind { kMinMax, kZScore, kLog };

struct Scaling {
  ScalingKind kind = ScalingKind::kMinMax;
  std::array<bool, FEATURES> used{};
  std::array<uint16_t, FEATURES> lo{}, hi{};  // of those used
  std::array<float, FEATURES> shift{}, factor{};

  float operator()(size_t feature, uint16_t value) const;
};
// Of those inputs that are not `without`.
Scaling fit_scaling(const Dataset& data, ScalingKind kind, const std::array<bool, FEATURES>& without);

constexpr int kInputRows = FEATURES + 1;  // the last one is 1
struct Examples {
  Matrix x;       // a column a decision
  Vector y;       // 0: stay, 1: move
  Vector weight;  // 1, but for weights of classes or outcomes
  Eigen::Index size() const { return y.size(); }
};
enum class Weights {
  kNone,
  kClasses,   // both classes weigh the same
  kOutcomes,  // a decision weighs as much as it was worth, 1 on average and at most 4; the dataset has outcomes
};
Examples make_examples(const Dataset& data, const Scaling& scaling, Weights weights);

// Throws Error (where: `where`) for what nothing can be learned from: no rows, one class only, an input that is used
// and the same in all rows.
void check_learnable(const Dataset& data, const std::array<bool, FEATURES>& without, const std::string& where);

}  // namespace simsched::ml

#include "ml/learn/quantise.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "ml/learn/exact_math.h"

namespace simsched::ml {
namespace {

using mlp::MLP_HIDDEN;
using mlp::MLP_INPUTS;

constexpr double kTreeUnit = 1024;
constexpr size_t kCalibration = 20000;  // decisions are enough
constexpr int kMostShift = 16;

// One hidden layer on inputs of 0 to 1: logit = b2 + sum of w2 max(0, b1 + sum of w1 x).
struct Plain {
  double w1[MLP_HIDDEN][MLP_INPUTS] = {};
  double b1[MLP_HIDDEN] = {}, w2[MLP_HIDDEN] = {};
  double b2 = 0;
};

mlp::Ranges ranges_of(const Scaling& scaling) {
  mlp::Ranges ranges = mlp::kFeatureRanges;  // of inputs that are not used
  for (size_t f = 0; f < FEATURES; ++f) {
    if (!scaling.used[f]) continue;
    ranges.lo[f] = scaling.lo[f];
    ranges.hi[f] = scaling.hi[f];
  }
  return ranges;
}

Plain plain(const Net& net, const Scaling& scaling) {
  const Matrix& first = net.layers[0];
  auto unit = [&](int j, int row, double sign, Plain& to) {
    to.b1[j] = sign * static_cast<double>(first(row, FEATURES));
    for (int f = 0; f < FEATURES; ++f) {
      if (!scaling.used[f]) continue;
      const double w = sign * static_cast<double>(first(row, f)) * static_cast<double>(scaling.factor[f]);
      to.w1[j][f] = w * (scaling.hi[f] - scaling.lo[f]);
      to.b1[j] += w * (scaling.lo[f] - static_cast<double>(scaling.shift[f]));
    }
  };
  Plain result;
  if (net.shape.hidden.empty()) {
    unit(0, 0, 1, result);
    unit(1, 0, -1, result);
    result.w2[0] = 1;
    result.w2[1] = -1;
    return result;
  }
  const int units = net.shape.hidden[0];
  for (int j = 0; j < units; ++j) {
    unit(j, j, 1, result);
    result.w2[j] = static_cast<double>(net.layers[1](0, j));
  }
  result.b2 = static_cast<double>(net.layers[1](0, units));
  return result;
}

template <class Integer>
Integer rounded(double value) {
  constexpr auto lo = static_cast<double>(std::numeric_limits<Integer>::min()),
                 hi = static_cast<double>(std::numeric_limits<Integer>::max());
  return static_cast<Integer>(std::clamp(std::round(value), lo, hi));
}

double largest(const double (&values)[MLP_INPUTS]) {
  double most = 0;
  for (double v : values) most = std::max(most, std::abs(v));
  return most;
}

int32_t tau_of(double scale, double confidence) {
  return std::max(rounded<int32_t>(scale * exact_log((1 + confidence) / (1 - confidence))), 1);
}

// What each unit is at most on the calibration data.
std::array<double, MLP_HIDDEN> heights(const Plain& net, const mlp::Ranges& ranges, const Dataset& data, size_t step) {
  std::array<double, MLP_HIDDEN> most{};
  for (size_t i = 0; i < data.rows(); i += step) {
    double x[MLP_INPUTS];
    for (size_t f = 0; f < FEATURES; ++f) {
      const int lo = ranges.lo[f], hi = ranges.hi[f];
      x[f] = static_cast<double>(std::clamp(int{data.inputs[f][i]}, lo, hi) - lo) / (hi - lo);
    }
    for (size_t j = 0; j < MLP_HIDDEN; ++j) {
      double sum = net.b1[j];
      for (size_t f = 0; f < FEATURES; ++f) sum += net.w1[j][f] * x[f];
      most[j] = std::max(most[j], sum);
    }
  }
  return most;
}

// `scale`: integers a unit of the logit.
mlp::Int8Net int8_net(const Plain& net, const std::array<double, MLP_HIDDEN>& heights, uint32_t shift, double& scale) {
  mlp::Int8Net result;
  result.shift1 = shift;
  const double half = shift > 0 ? static_cast<double>(1 << (shift - 1)) : 0;
  std::array<double, MLP_HIDDEN> out{};  // w2 as the integers of its unit need it
  double most = 0;
  for (size_t j = 0; j < MLP_HIDDEN; ++j) {
    const double widest = largest(net.w1[j]);
    if (heights[j] <= 0 || net.w2[j] == 0) continue;  // it is never anything
    double unit = static_cast<double>(1 << shift) / heights[j];
    if (widest > 0) unit = std::min(unit, 127 / widest);
    for (size_t f = 0; f < FEATURES; ++f) result.w1[j][f] = rounded<int8_t>(net.w1[j][f] * unit);
    result.b1[j] = std::clamp(rounded<int32_t>(net.b1[j] * unit * 255 + half), -(1 << 30), 1 << 30);
    out[j] = net.w2[j] / (unit * 255) * static_cast<double>(1 << shift);
    most = std::max(most, std::abs(out[j]));
  }
  // The bias stays within its 30 bits.
  scale = most > 0 ? 127 / most : 1;
  if (std::abs(net.b2) * scale > (1 << 29)) scale = (1 << 29) / std::abs(net.b2);
  for (size_t j = 0; j < MLP_HIDDEN; ++j) result.w2[j] = rounded<int8_t>(out[j] * scale);
  result.b2 = rounded<int32_t>(net.b2 * scale);
  return result;
}

// A unit may be larger by as much as its weight in the output is smaller: what is beyond 64.0 becomes 32 at most.
mlp::Q21Net q21_net(const Plain& net, double& scale) {
  constexpr double kOne = 1 << 21, kMost = 32;
  std::array<double, MLP_HIDDEN> by{};
  double most = std::abs(net.b2) / 8;
  for (size_t j = 0; j < MLP_HIDDEN; ++j) {
    by[j] = std::min(1.0, kMost / std::max({largest(net.w1[j]), std::abs(net.b1[j]) / 8, 1e-9}));
    most = std::max(most, std::abs(net.w2[j]) / by[j]);
  }
  scale = kOne * std::min(1.0, kMost / std::max(most, 1e-9));
  mlp::Q21Net result;
  for (size_t j = 0; j < MLP_HIDDEN; ++j) {
    for (size_t f = 0; f < FEATURES; ++f) result.w1[j][f] = rounded<int32_t>(net.w1[j][f] * by[j] * kOne);
    result.b1[j] = rounded<int32_t>(net.b1[j] * by[j] * kOne);
    result.w2[j] = rounded<int32_t>(net.w2[j] / by[j] * scale);
  }
  result.b2 = rounded<int32_t>(net.b2 * scale);
  return result;
}

double logit(const Plain& net, const mlp::Ranges& ranges, const mlp::Features& in) {
  double out = net.b2;
  for (size_t j = 0; j < MLP_HIDDEN; ++j) {
    double sum = net.b1[j];
    for (size_t f = 0; f < FEATURES; ++f) {
      const int lo = ranges.lo[f], hi = ranges.hi[f];
      sum += net.w1[j][f] * (std::clamp(int{in[f]}, lo, hi) - lo) / (hi - lo);
    }
    out += net.w2[j] * std::max(sum, 0.0);
  }
  return out;
}

}  // namespace

std::string why_not_fixed(const NetShape& shape, const Scaling& scaling) {
  if (scaling.kind == ScalingKind::kLog) return "its inputs are logarithms of what a policy has";
  if (shape.hidden.size() > 1) return "it has two hidden layers";
  if (shape.hidden.empty()) return "";
  if (shape.hidden[0] > MLP_HIDDEN) return "it has more than 16 hidden units";
  return shape.activation == Activation::kTanh ? "it has no ReLU" : "";
}

mlp::mlp_model quantise(const Net& net, const Scaling& scaling, const Dataset& calibration,
                        const QuantiseOptions& options) {
  const std::string obstacle = why_not_fixed(net.shape, scaling);
  SIMSCHED_CHECK(obstacle.empty(), obstacle);
  const Plain whole = plain(net, scaling);
  const mlp::Ranges ranges = ranges_of(scaling);
  double scale = 1;
  if (options.kind == mlp::MLP_Q21) {
    const mlp::Q21Net q21 = q21_net(whole, scale);
    return make_model(q21, ranges, tau_of(scale, options.confidence), options.version);
  }
  const size_t step = std::max<size_t>(calibration.rows() / kCalibration, 1);
  const std::array<double, MLP_HIDDEN> most = heights(whole, ranges, calibration, step);
  mlp::mlp_model best{};
  size_t fewest = SIZE_MAX;
  for (uint32_t shift = 0; shift <= kMostShift; ++shift) {
    const mlp::Int8Net int8 = int8_net(whole, most, shift, scale);
    const mlp::mlp_model model = make_model(int8, ranges, tau_of(scale, options.confidence), options.version);
    size_t wrong = 0;
    for (size_t i = 0; i < calibration.rows(); i += step) {
      const mlp::Features in = calibration.row(i);
      wrong += (mlp::logit(model, in) > 0) != (logit(whole, ranges, in) > 0);
    }
    if (wrong < fewest) fewest = wrong, best = model;
  }
  return best;
}

mlp::mlp_model quantise(const DecisionTree& tree, const QuantiseOptions& options) {
  mlp::Tree fixed;
  // Below a leaf that lies higher than the others all goes to the right, and is the same there.
  auto fill = [&](auto&& self, size_t node, uint32_t from, int level) -> void {
    const DecisionTree::Node& n = tree.nodes[from];
    if (level == mlp::MLP_DEPTH) {
      SIMSCHED_CHECK(n.below == 0, "a tree of depth 4");
      const auto weight = static_cast<double>(n.weight), share = static_cast<double>(n.moves);
      const double odds = (share * weight + 1) / ((1 - share) * weight + 1);
      fixed.leaf[node - fixed.input.size()] = rounded<int32_t>(kTreeUnit * exact_log(odds));
      return;
    }
    fixed.input[node] = n.below ? n.input : uint8_t{0};
    fixed.threshold[node] = n.below ? n.threshold : uint16_t{0};
    self(self, 2 * node + 1, n.below ? n.below : from, level + 1);
    self(self, 2 * node + 2, n.below ? n.below + 1 : from, level + 1);
  };
  fill(fill, 0, 0, 0);
  return make_model(fixed, mlp::kFeatureRanges, tau_of(kTreeUnit, options.confidence), options.version);
}

mlp::ModelFile complete(const mlp::mlp_model& model, uint64_t seed) { return {model, golden_vectors(model, seed, 60)}; }

size_t flips(const mlp::mlp_model& model, const Dataset& data, const Vector& logits) {
  size_t count = 0;
  for (size_t i = 0; i < data.rows(); ++i)
    count += (mlp::logit(model, data.row(i)) > 0) != (logits(static_cast<Eigen::Index>(i)) > 0);
  return count;
}

}  // namespace simsched::ml

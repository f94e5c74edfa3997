#include "ml/search/candidate.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "ml/search/exact_math.h"

namespace simsched::search {
namespace {

using mlp::MLP_HIDDEN;
using mlp::MLP_INPUTS;

constexpr double kWeight = 64;                // of 8 bits, a parameter of 1: so up to almost 2
constexpr uint32_t kShift1 = 7, kShift2 = 3;  // a hidden unit of 1 is 127 of 255
constexpr double kHiddenBias = kWeight * 255, kOutputBias = 127.5 * kWeight;
constexpr double kMostBias = 4;

double rounded(double value, double low, double high) { return std::clamp(std::floor(value + 0.5), low, high); }
int8_t weight(double p) { return static_cast<int8_t>(rounded(p * kWeight, -127, 127)); }
int32_t bias(double p, double unit) {
  return static_cast<int32_t>(rounded(p * unit, -kMostBias * unit, kMostBias * unit));
}

// Parameters in their order: for each hidden unit its weights and its bias; then the output's weights and its bias.
mlp::Int8Net net_of(const Point& point) {
  mlp::Int8Net net;
  auto next = point.begin();
  for (size_t j = 0; j < MLP_HIDDEN; ++j) {
    for (int8_t& w : net.w1[j]) w = weight(*next++);
    net.b1[j] = bias(*next++, kHiddenBias);
  }
  for (int8_t& w : net.w2) w = weight(*next++);
  net.b2 = bias(*next++, kOutputBias);
  return net;
}

// Two hidden units are the sum where it is above 0, and where it is below.
mlp::Int8Net linear_net_of(const Point& point) {
  mlp::Int8Net net;
  for (size_t i = 0; i < MLP_INPUTS; ++i) {
    net.w1[0][i] = weight(point[i]);
    net.w1[1][i] = static_cast<int8_t>(-net.w1[0][i]);
  }
  net.b1[0] = bias(point[MLP_INPUTS], kHiddenBias);
  net.b1[1] = -net.b1[0];
  net.w2[0] = 64;
  net.w2[1] = -64;
  return net;
}

}  // namespace

size_t nr_parameters(ModelKind kind) {
  if (kind == ModelKind::kNone) return 0;
  return kind == ModelKind::kLinear ? MLP_INPUTS + 1 : MLP_HIDDEN * (MLP_INPUTS + 1) + MLP_HIDDEN + 1;
}

mlp::ModelFile model_of(const Point& point, const Shape& shape, size_t golden) {
  SIMSCHED_CHECK(shape.kind != ModelKind::kNone && point.size() >= nr_parameters(shape.kind),
                 "a point of another kind of model");
  mlp::Int8Net net = shape.kind == ModelKind::kLinear ? linear_net_of(point) : net_of(point);
  net.shift1 = kShift1;
  net.shift2 = kShift2;
  mlp::ModelFile file{mlp::make_model(net, shape.ranges, shape.tau, shape.version), {}};
  file.golden = mlp::golden_vectors(file.model, shape.version, golden);
  return file;
}

Point first_point(ModelKind kind, uint64_t seed) {
  Point point(nr_parameters(kind), 0.0);
  if (kind != ModelKind::kNet) return point;
  Rng rng(seed);
  for (size_t j = 0; j < MLP_HIDDEN; ++j)
    for (size_t i = 0; i < MLP_INPUTS; ++i) point[j * (MLP_INPUTS + 1) + i] = 0.5 * normal(rng);
  return point;
}

Point point_of(const mlp::mlp_model& model, const std::string& where) {
  if (model.kind != mlp::MLP_INT8)
    throw Error(where, "the model to start with is not a net of 8 bits", "take one, or leave 'start' out");
  const mlp::Int8Net net = mlp::unpack(model.int8);
  // Other shifts are other units of the same numbers.
  const double hidden = std::ldexp(1.0, static_cast<int>(kShift1) - static_cast<int>(net.shift1));
  const double output = std::ldexp(1.0, static_cast<int>(kShift2) - static_cast<int>(net.shift2));
  Point point;
  for (size_t j = 0; j < MLP_HIDDEN; ++j) {
    for (int8_t w : net.w1[j]) point.push_back(w / kWeight * hidden);
    point.push_back(net.b1[j] / kHiddenBias * hidden);
  }
  for (int8_t w : net.w2) point.push_back(w / kWeight * output);
  point.push_back(net.b2 / kOutputBias * output);
  return point;
}

}  // namespace simsched::search

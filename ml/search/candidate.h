// From a point of the search space to a model, as policies hold it: what is evaluated is what is shipped, rounding and
// all. A parameter of 1 is a weight that lifts a logit by about kUnit when its input is at the top of its range.
#pragma once

#include <cstdint>
#include <string>

#include "ml/model/model_file.h"
#include "ml/search/optimizer.h"

namespace simsched::search {

enum class ModelKind { kNet, kLinear, kNone };  // 15-16-1; a weighted sum of the inputs; tunables alone are searched
inline constexpr const char* kModelKindNames[] = {"net", "linear", "none"};

struct Shape {
  ModelKind kind = ModelKind::kNet;
  mlp::Ranges ranges;
  int32_t tau = 64;  // of the logit; between -tau and tau the policy's own rule decides
  uint32_t version = 1;
};

inline constexpr int32_t kUnit = 1016;

size_t nr_parameters(ModelKind kind);

// Of the first nr_parameters() of a point. With 8-bit weights, each rounded and kept in its range. `golden` vectors are
// made for it.
mlp::ModelFile model_of(const Point& point, const Shape& shape, size_t golden);

// Where a search begins by itself: a model that leaves everything open. Of a net the hidden units see random mixtures
// of the inputs, as with nothing there no weight alone would make a difference.
Point first_point(ModelKind kind, uint64_t seed);
// The same model as in the file, which has to be a net of 8 bits; its inputs may have other ranges: then it is only
// alike. Throws Error with `where`.
Point point_of(const mlp::mlp_model& model, const std::string& where);

}  // namespace simsched::search

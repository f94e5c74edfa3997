// The kinds of model as plain numbers, and as struct mlp_model, which is what decides (ml/model/mlp_fixed.h).
#pragma once

#include <array>
#include <cstdint>

#include "ml/model/features.h"
#include "ml/model/mlp_fixed.h"

namespace simsched::mlp {

using Features = std::array<uint16_t, MLP_INPUTS>;

// The ranges of the inputs that a net sees as [0, 1].
struct Ranges {
  Features lo{}, hi{};
  uint32_t encoding = 0;  // of ml/model/features.h; 0: inputs of one policy alone
};
// Those of ml/model/features.h.
inline constexpr Ranges kFeatureRanges = {FEATURES_LO, FEATURES_HI, FEATURES_ENCODING};
Ranges ranges_of(const mlp_model& model);

// Inputs are 0..255.
struct Int8Net {
  std::array<std::array<int8_t, MLP_INPUTS>, MLP_HIDDEN> w1{};
  std::array<int32_t, MLP_HIDDEN> b1{};
  std::array<int8_t, MLP_HIDDEN> w2{};
  int32_t b2 = 0;
  uint32_t shift1 = 0, shift2 = 0;  // 0..31
};

// All Q11.21; inputs are 0..2^21.
struct Q21Net {
  std::array<std::array<int32_t, MLP_INPUTS>, MLP_HIDDEN> w1{};
  std::array<int32_t, MLP_HIDDEN> b1{}, w2{};
  int32_t b2 = 0;
};

// Nodes from the root down, level by level: below node n are 2n + 1 (input < threshold) and 2n + 2. Inputs are as they
// come. A node that does not matter has the threshold 0, and all goes to its right.
struct Tree {
  std::array<uint8_t, MLP_LEAVES - 1> input{};
  std::array<uint16_t, MLP_LEAVES - 1> threshold{};
  std::array<int32_t, MLP_LEAVES> leaf{};
};

mlp_int8 pack(const Int8Net& net);
mlp_q21 pack(const Q21Net& net);
mlp_tree pack(const Tree& tree);
Int8Net unpack(const mlp_int8& net);
Q21Net unpack(const mlp_q21& net);
Tree unpack(const mlp_tree& tree);

// The rest of a model around its numbers. `version` is not 0, `tau` is positive, lo < hi; checked where a file is
// written.
mlp_model make_model(const Int8Net& net, const Ranges& ranges, int32_t tau, uint32_t version);
mlp_model make_model(const Q21Net& net, const Ranges& ranges, int32_t tau, uint32_t version);
mlp_model make_model(const Tree& tree, const Ranges& ranges, int32_t tau, uint32_t version);

// What the policies compute, in C++.
int32_t logit(const mlp_model& model, const Features& features);

}  // namespace simsched::mlp

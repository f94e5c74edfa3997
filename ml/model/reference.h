// For tests: the models once more, written down plainly from their definition, with 128-bit sums and divisions; shares
// nothing with mlp_fixed.h but the meaning.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>

#include "base/int128.h"
#include "ml/model/nets.h"

namespace simsched::mlp::reference {

inline Int128 floor_divide(Int128 value, Int128 by) { return (value - ((value % by) + by) % by) / by; }

// The value modulo 2^bits, as a signed number: what wraps on its way.
inline Int128 wrap(Int128 value, int bits) {
  const Int128 range = Int128(1) << bits;
  const Int128 rest = ((value % range) + range) % range;
  return rest >= range / 2 ? rest - range : rest;
}

inline int32_t logit(const Int8Net& net, const std::array<uint8_t, MLP_INPUTS>& x) {
  Int128 out = net.b2;
  for (size_t j = 0; j < net.w1.size(); ++j) {
    Int128 sum = net.b1[j];
    for (size_t i = 0; i < x.size(); ++i) sum += x[i] * net.w1[j][i];
    sum = std::max<Int128>(wrap(sum, 32), 0);
    out += std::min<Int128>(floor_divide(sum, Int128(1) << net.shift1), 255) * net.w2[j];
  }
  return static_cast<int32_t>(floor_divide(wrap(out, 32), Int128(1) << net.shift2));
}

// From 42 fraction bits to 21, half up, into the range of a Q11.21 number.
inline Int128 round_q21(Int128 sum) {
  const Int128 rounded = floor_divide(wrap(sum + (1 << 20), 64), 1 << 21);
  return std::clamp<Int128>(rounded, std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max());
}

inline int32_t logit(const Q21Net& net, const std::array<int32_t, MLP_INPUTS>& x) {
  Int128 out = Int128(net.b2) * (1 << 21);
  for (size_t j = 0; j < net.w1.size(); ++j) {
    Int128 sum = Int128(net.b1[j]) * (1 << 21);
    for (size_t i = 0; i < x.size(); ++i) sum += Int128(x[i]) * net.w1[j][i];
    out += std::max<Int128>(round_q21(sum), 0) * net.w2[j];
  }
  return static_cast<int32_t>(round_q21(out));
}

inline int32_t logit(const Tree& tree, const Features& features, size_t node = 0) {
  if (node >= tree.input.size()) return tree.leaf[node - tree.input.size()];
  const bool less = features[tree.input[node]] < tree.threshold[node];
  return logit(tree, features, 2 * node + (less ? 1 : 2));
}

// An input of a model, in units of 1 / one. What is off by the division of `scale` is part of the definition.
inline int64_t input(uint16_t value, uint16_t lo, uint16_t hi, int64_t one) {
  const Int128 scale = (Int128(one) << 24) / (hi - lo);
  const Int128 above = std::max(int{value} - int{lo}, 0);
  return static_cast<int64_t>(std::min<Int128>(floor_divide(above * scale + (1 << 23), 1 << 24), one));
}

inline int32_t logit(const mlp_model& model, const Features& features) {
  if (model.kind == MLP_TREE) return logit(unpack(model.tree), features);
  std::array<uint8_t, MLP_INPUTS> bytes{};
  std::array<int32_t, MLP_INPUTS> numbers{};
  for (size_t i = 0; i < features.size(); ++i) {
    bytes[i] = static_cast<uint8_t>(input(features[i], model.lo[i], model.hi[i], 255));
    numbers[i] = static_cast<int32_t>(input(features[i], model.lo[i], model.hi[i], 1 << 21));
  }
  return model.kind == MLP_INT8 ? logit(unpack(model.int8), bytes) : logit(unpack(model.q21), numbers);
}

}  // namespace simsched::mlp::reference

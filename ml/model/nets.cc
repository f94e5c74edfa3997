#include "ml/model/nets.h"

#include <algorithm>
#include <span>

namespace simsched::mlp {
namespace {

constexpr int kLane = 20;  // bits; see struct mlp_int8

// Where in its word the weight of input i lies.
constexpr int lane_of(int i) { return (2 - i % 3) * kLane; }

mlp_model around(mlp_kind kind, const Ranges& ranges, int32_t tau, uint32_t version) {
  mlp_model model{};
  model.magic = MLP_MAGIC;
  model.format = MLP_FORMAT;
  model.kind = kind;
  model.version = version;
  model.tau = tau;
  model.encoding = ranges.encoding;
  for (size_t i = 0; i < MLP_INPUTS; ++i) {
    model.lo[i] = ranges.lo[i];
    model.hi[i] = ranges.hi[i];
    if (kind != MLP_TREE && ranges.lo[i] < ranges.hi[i]) model.scale[i] = mlp_scale(ranges.lo[i], ranges.hi[i], kind);
  }
  return model;
}

}  // namespace

mlp_int8 pack(const Int8Net& net) {
  mlp_int8 packed{};
  for (int j = 0; j < MLP_HIDDEN; ++j) {
    for (int i = 0; i < MLP_INPUTS; ++i) {
      packed.w1[j][i / 3] |= static_cast<uint64_t>(net.w1[j][i] + 128) << lane_of(i);
    }
    packed.b1[j] = net.b1[j];
    packed.w2[j] = net.w2[j];
  }
  packed.b2 = net.b2;
  packed.shift1 = net.shift1;
  packed.shift2 = net.shift2;
  return packed;
}

mlp_q21 pack(const Q21Net& net) {
  mlp_q21 packed{};
  for (size_t j = 0; j < MLP_HIDDEN; ++j) std::ranges::copy(net.w1[j], packed.w1[j]);
  std::ranges::copy(net.b1, packed.b1);
  std::ranges::copy(net.w2, packed.w2);
  packed.b2 = net.b2;
  return packed;
}

mlp_tree pack(const Tree& tree) {
  mlp_tree packed{};
  std::ranges::copy(tree.input, packed.input + 1);
  std::ranges::copy(tree.threshold, packed.threshold + 1);
  std::ranges::copy(tree.leaf, packed.leaf);
  return packed;
}

Int8Net unpack(const mlp_int8& packed) {
  Int8Net net;
  for (int j = 0; j < MLP_HIDDEN; ++j) {
    for (int i = 0; i < MLP_INPUTS; ++i) {
      net.w1[j][i] = static_cast<int8_t>(static_cast<int>(packed.w1[j][i / 3] >> lane_of(i) & 255) - 128);
    }
    net.b1[j] = packed.b1[j];
    net.w2[j] = static_cast<int8_t>(packed.w2[j]);
  }
  net.b2 = packed.b2;
  net.shift1 = packed.shift1;
  net.shift2 = packed.shift2;
  return net;
}

Q21Net unpack(const mlp_q21& packed) {
  Q21Net net;
  for (size_t j = 0; j < MLP_HIDDEN; ++j) std::copy_n(packed.w1[j], MLP_INPUTS, net.w1[j].begin());
  std::ranges::copy(packed.b1, net.b1.begin());
  std::ranges::copy(packed.w2, net.w2.begin());
  net.b2 = packed.b2;
  return net;
}

Tree unpack(const mlp_tree& packed) {
  Tree tree;
  std::ranges::transform(std::span(packed.input).subspan(1), tree.input.begin(),
                         [](u16 input) { return static_cast<uint8_t>(input); });
  std::copy_n(packed.threshold + 1, tree.threshold.size(), tree.threshold.begin());
  std::ranges::copy(packed.leaf, tree.leaf.begin());
  return tree;
}

Ranges ranges_of(const mlp_model& model) {
  Ranges ranges{.encoding = model.encoding};
  std::copy_n(model.lo, ranges.lo.size(), ranges.lo.begin());
  std::copy_n(model.hi, ranges.hi.size(), ranges.hi.begin());
  return ranges;
}

mlp_model make_model(const Int8Net& net, const Ranges& ranges, int32_t tau, uint32_t version) {
  mlp_model model = around(MLP_INT8, ranges, tau, version);
  model.int8 = pack(net);
  return model;
}

mlp_model make_model(const Q21Net& net, const Ranges& ranges, int32_t tau, uint32_t version) {
  mlp_model model = around(MLP_Q21, ranges, tau, version);
  model.q21 = pack(net);
  return model;
}

mlp_model make_model(const Tree& tree, const Ranges& ranges, int32_t tau, uint32_t version) {
  mlp_model model = around(MLP_TREE, ranges, tau, version);
  model.tree = pack(tree);
  return model;
}

int32_t logit(const mlp_model& model, const Features& features) {
  uint16_t in[MLP_ROW] = {};
  std::ranges::copy(features, in);
  return mlp_logit(&model, in);
}

}  // namespace simsched::mlp

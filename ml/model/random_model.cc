#include <algorithm>
#include <cstdlib>
#include <vector>

#include "base/rng.h"
#include "ml/model/model_file.h"

namespace simsched::mlp {
namespace {

Int8Net random_int8(Rng& rng) {
  Int8Net net;
  for (auto& row : net.w1) {
    for (int8_t& w : row) w = static_cast<int8_t>(rng.between(-64, 63));
  }
  for (int32_t& b : net.b1) b = static_cast<int32_t>(rng.between(-(1 << 14), 1 << 14));
  for (int8_t& w : net.w2) w = static_cast<int8_t>(rng.between(-64, 63));
  net.shift1 = 8;  // sums of 15 such products are around 2^15
  return net;
}

Q21Net random_q21(Rng& rng) {
  auto number = [&rng] { return static_cast<int32_t>(rng.between(-(1 << 21), 1 << 21)); };
  Q21Net net;
  for (auto& row : net.w1) std::ranges::generate(row, number);
  std::ranges::generate(net.b1, number);
  std::ranges::generate(net.w2, number);
  return net;
}

// Leaves that differ, reached about equally often.
Tree random_tree(Rng& rng, const Ranges& ranges) {
  Tree tree;
  for (size_t n = 0; n < tree.input.size(); ++n) {
    const size_t i = rng.below(MLP_INPUTS);
    const int64_t lo = ranges.lo[i], span = ranges.hi[i] - lo;
    tree.input[n] = static_cast<uint8_t>(i);
    tree.threshold[n] = static_cast<uint16_t>(rng.between(lo + span * 3 / 8, lo + span * 5 / 8));
  }
  for (size_t l = 0; l < tree.leaf.size(); ++l) {
    const size_t other = rng.below(l + 1);
    tree.leaf[l] = tree.leaf[other];
    tree.leaf[other] = static_cast<int32_t>(l) << 10;
  }
  return tree;
}

void lower(Tree& tree, int32_t by) {
  for (int32_t& leaf : tree.leaf) leaf -= by;
}
void lower(auto& net, int32_t by) { net.b2 -= by; }

// Chooses the output's bias so that half of the logits are below 0, and tau so that a third are near it.
template <class Net>
mlp_model settle(Net net, const Ranges& ranges, uint32_t version, Rng& rng) {
  constexpr size_t kSamples = 999;
  mlp_model model = make_model(net, ranges, 1, version);
  std::vector<int32_t> logits(kSamples);
  for (int32_t& sample : logits) {
    Features features;
    for (size_t i = 0; i < MLP_INPUTS; ++i) {
      features[i] = static_cast<uint16_t>(rng.between(ranges.lo[i], ranges.hi[i]));
    }
    sample = logit(model, features);
  }
  auto nth = [&](size_t n) {
    std::ranges::nth_element(logits, logits.begin() + static_cast<std::ptrdiff_t>(n));
    return logits[n];
  };
  const int32_t middle = nth(kSamples / 2);
  lower(net, middle);
  for (int32_t& sample : logits) sample = std::abs(sample - middle);
  return make_model(net, ranges, std::max(nth(kSamples / 3), 1), version);
}

}  // namespace

ModelFile random_model(uint64_t seed, mlp_kind kind, const Ranges& ranges) {
  Rng rng(seed);
  const uint32_t version = std::max(static_cast<uint32_t>(seed), 1u);
  ModelFile file{};
  switch (kind) {
    case MLP_INT8:
      file.model = settle(random_int8(rng), ranges, version, rng);
      break;
    case MLP_Q21:
      file.model = settle(random_q21(rng), ranges, version, rng);
      break;
    case MLP_TREE:
      file.model = settle(random_tree(rng, ranges), ranges, version, rng);
      break;
  }
  file.golden = golden_vectors(file.model, seed, 28);
  // As a file of it would be.
  return parse_model(model_bytes(file, "random model"), "random model");
}

}  // namespace simsched::mlp

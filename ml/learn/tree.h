// Decision trees by CART (Breiman et al., 1984): each node parts its decisions where that lowers the Gini impurity
// most; and forests of them. Inputs are as they come: trees need no scaling.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/rng.h"
#include "ml/data/dataset.h"
#include "ml/learn/score.h"

namespace simsched::ml {

struct TreeOptions {
  int depth = 12;
  size_t least = 5;   // decisions of a leaf
  size_t inputs = 0;  // tried at a node, chosen at random; 0: all
  std::array<double, 2> class_weight = {1, 1};
  std::array<bool, FEATURES> without{};
};

struct DecisionTree {
  struct Node {
    uint32_t below = 0;  // the node for input < threshold, the other one follows it; 0: a leaf
    uint16_t threshold = 0;
    uint8_t input = 0;
    float moves = 0;  // the share of its decisions, by weight
    float weight = 0;
  };
  std::vector<Node> nodes;  // the root first

  const Node& leaf(const mlp::Features& features) const;
  float share(const mlp::Features& features) const { return leaf(features).moves; }
  int depth() const;
};

DecisionTree fit_tree(const Dataset& data, const TreeOptions& options, uint64_t seed);

struct Forest {
  std::vector<DecisionTree> trees;
  float share(const mlp::Features& features) const;  // the mean
};
// Each of decisions drawn with repetition, with four inputs tried at a node.
Forest fit_forest(const Dataset& data, TreeOptions options, size_t trees, uint64_t seed);

}  // namespace simsched::ml

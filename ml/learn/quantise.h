// From what was trained in floating point to models in integers (ml/model/mlp_fixed.h).
#pragma once

#include <optional>
#include <string>

#include "ml/learn/net.h"
#include "ml/learn/tree.h"
#include "ml/model/model_file.h"

namespace simsched::ml {

struct QuantiseOptions {
  mlp::mlp_kind kind = mlp::MLP_INT8;  // of nets
  // How sure a model must be to decide: |2p - 1| of the probability that it tells, 0..0.99.
  double confidence = 0;
  uint32_t version = 1;
};

// Why a model in integers cannot hold it; empty: it can. It has 16 hidden units in one layer (ReLU), and takes inputs
// by straight lines.
std::string why_not_fixed(const NetShape& shape, const Scaling& scaling);

// A net without hidden layers becomes one of two units, its positive and its negative part. For int8 each unit has the
// scale at which its weights, and what it was on `calibration`, fit best; the shift, of all that are possible, is that
// with which fewest of these decisions flip.
mlp::mlp_model quantise(const Net& net, const Scaling& scaling, const Dataset& calibration,
                        const QuantiseOptions& options);

// Of depth 4 at most. A leaf is the logarithm of its odds, in units of 1/1024.
mlp::mlp_model quantise(const DecisionTree& tree, const QuantiseOptions& options);

// With golden vectors, for a file.
mlp::ModelFile complete(const mlp::mlp_model& model, uint64_t seed);

// Decisions that go the other way (a logit above 0 moves) in integers, of `logits` in floating point.
size_t flips(const mlp::mlp_model& model, const Dataset& data, const Vector& logits);

}  // namespace simsched::ml

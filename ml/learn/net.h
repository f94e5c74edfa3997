// Nets of up to two hidden layers, trained in single precision: mini-batches, Adam (Kingma and Ba, ICLR 2015), early
// stopping. Without a hidden layer it is logistic regression or, by its loss, a linear support vector machine.
//
// The same bits for the same seed: sums have a fixed order, and functions are our own (exact_math.h).
#pragma once

#include <span>
#include <string>
#include <vector>

#include "ml/learn/examples.h"

namespace simsched::ml {

enum class Activation { kRelu, kTanh };
enum class Loss { kLogistic, kSquaredHinge };

struct NetShape {
  std::vector<int> hidden;  // units of each layer
  Activation activation = Activation::kRelu;
  size_t parameters() const;
  std::string text() const;  // "15-10-5-1 relu"
};

struct Net {
  NetShape shape;
  // Units of a layer in rows, of which there are some too many, to fill vectors; the input after the last unit of the
  // layer before is 1.
  std::vector<Matrix> layers;

  Vector logits(const Matrix& x) const;  // above 0: move
};

struct FitOptions {
  Loss loss = Loss::kLogistic;
  double learning_rate = 0.001;
  int batch = 256;
  double l2 = 1e-4;
  // Held back to see whether it still gets better; so many epochs without, and it ends. What was best counts.
  double held_back = 0.1, least_gain = 1e-4;
  int patience = 10;
  uint64_t seed = 1;
};

// The nets that training would end with after at most so many epochs each: one training for all of them. `epochs`
// rises.
std::vector<Net> fit_net(const Examples& examples, const NetShape& shape, const FitOptions& options,
                         std::span<const int> epochs);

}  // namespace simsched::ml

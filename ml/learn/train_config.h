// `simsched train`: what is learned from what. docs/learning.md describes every key.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "ml/learn/folds.h"
#include "ml/learn/net.h"
#include "ml/learn/quantise.h"

namespace simsched::ml {

enum class Balance { kNone, kWeights, kSmote, kOutcomes };
enum class Rival { kLogistic, kLinear, kSvm, kTree, kDeepTree, kForest };
constexpr size_t kNrRivals = 6;
const char* rival_name(Rival rival);  // "deep_tree"

// All combinations are tried. By default the talk's: 48 of them.
struct Grid {
  std::vector<std::vector<int>> hidden = {{10}, {15}, {20}, {10, 5}};
  std::vector<Activation> activation = {Activation::kRelu, Activation::kTanh};
  std::vector<double> learning_rate = {0.001, 0.003, 0.01};
  std::vector<int> epochs = {20, 60};  // rising
  size_t points() const { return hidden.size() * activation.size() * learning_rate.size() * epochs.size(); }
};

struct TrainConfig {
  std::string file;
  std::vector<std::string> data;  // paths of datasets, found already
  std::string data_where;
  ScalingKind scaling = ScalingKind::kMinMax;
  Balance balance = Balance::kNone;
  std::array<bool, FEATURES> without{};
  int folds = 5;
  std::vector<FoldsBy> folds_by = {FoldsBy::kPlain, FoldsBy::kGrouped};
  Grid grid;
  FitOptions fit;  // learning_rate is the grid's
  std::vector<Rival> rivals = {Rival::kLogistic, Rival::kLinear,   Rival::kSvm,
                               Rival::kTree,     Rival::kDeepTree, Rival::kForest};
  std::string model = "net";  // what is written: net (the best that fits), logistic, linear, svm or tree
  std::string model_where;
  QuantiseOptions quantise;
  uint64_t seed = 1;
};

// `name` stands for the file in messages. Looks for the datasets, opens none. Throws Error with file and line.
TrainConfig parse_train_config(const std::string& text, const std::string& name);

}  // namespace simsched::ml

// Training: the grid of nets and their rivals, each tested on folds that it did not see; and a model for policies.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/progress.h"
#include "ml/learn/score.h"
#include "ml/learn/train_config.h"

namespace simsched::ml {

// Means over the folds. In the order of TrainConfig::folds_by.
struct GridPoint {
  NetShape shape;
  double learning_rate;
  int epochs;
  std::vector<Score> scores;
  std::string text() const;  // "15-10-1 relu, rate 0.003, 60 epochs"
};

struct Learner {
  std::string name;  // "net", or the rival's
  std::string what;  // "15-16-1 relu, rate ..."
  std::vector<Score> scores;
  // Trained on all data: the time that a decision takes here, as a model in integers where one can hold it.
  double ns = 0;
  bool in_integers = false;
  std::optional<double> int8_flips, q21_flips;  // shares of all decisions, against floating point
};

struct TrainReport {
  size_t rows = 0, moves = 0, fits = 0;
  std::vector<GridPoint> grid;
  size_t best = 0;                // of the grid, by the last of folds_by
  std::vector<Learner> learners;  // the best net, the best that a model holds where that is another, the rivals
  std::optional<mlp::ModelFile> model;
  std::string model_of;  // the name of its learner
  Score fixed;           // of it, on all data that it learned from
};

// The model and all scores are the same for any number of jobs, and any x86-64 compiler; times are not. `wants_model`:
// make one. Throws Error for data of which nothing can be learned. `progress` counts fits.
TrainReport train(const TrainConfig& config, const Dataset& data, bool wants_model, int jobs,
                  const Progress& progress = {});

// All of TrainConfig::data.
Dataset read_data(const TrainConfig& config);

}  // namespace simsched::ml

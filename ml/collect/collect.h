// `simsched dataset`: runs of experiments, and the decisions that were made in them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/progress.h"
#include "experiment/config.h"
#include "ml/collect/collector.h"
#include "ml/collect/rollout.h"

namespace simsched::ml {

struct DatasetConfig {
  std::string file;          // its path, for messages
  std::vector<Config> runs;  // as simsched run takes them
  // Of simsched-collect.
  struct Recording {
    std::string path;
    Machine machine;  // that it was made on
  };
  std::vector<Recording> recordings;
  Collected what;
  // How many of those that stay and that move to keep, chosen at random; none: all.
  struct Rows {
    size_t stay, move;
    std::string where;
  };
  std::optional<Rows> rows;
  // Of policies that ask a model: not what was decided, but which of both answers was worth more (rollout.h).
  std::optional<RolloutOptions> outcomes;
  uint64_t seed = 1;
};

// `name` stands for the file in messages; `registry` must live as long as the config. Throws Error with file and line.
DatasetConfig parse_dataset_config(const std::string& text, const std::string& name, const PolicyRegistry& registry);

// The same bytes for any number of jobs. `progress` counts simulations.
Dataset collect(const DatasetConfig& config, int jobs, const Progress& progress = {});

}  // namespace simsched::ml

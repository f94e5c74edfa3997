// Counterfactuals: what would have come of the other answer? A simulation is copied at a decision of its model and goes
// on twice, once with each answer, everything else alike. The rows are for a regression: by how much is staying dearer
// than going, here?
#pragma once

#include <vector>

#include "experiment/experiment.h"
#include "ml/model/nets.h"

namespace simsched::ml {

struct RolloutOptions {
  uint64_t every = 50;    // a decision of so many, by chance
  size_t most = 1000;     // of a scenario
  Nanos horizon = 50_ms;  // how long each branch goes on
  uint64_t seed = 1;
};

struct Rollout {
  mlp::Features features{};
  // ln(cost of staying / cost of going); above 0: going was better. A cost is how much longer all tasks took within the
  // horizon than their work, waiting and lost time of all causes included.
  double outcome = 0;
};

// Of decisions of `policy`, a sched_ext policy with a model, on a machine of the config with a seed. Throws Error where
// it is none.
std::vector<Rollout> rollouts(const Config& config, const Inputs& inputs, size_t machine, uint64_t seed,
                              const PolicyConfig& policy, const RolloutOptions& options);

}  // namespace simsched::ml

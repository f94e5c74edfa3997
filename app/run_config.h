// Loading and running a config with progress bars, for the sub-commands that do; none when `quiet`.
#pragma once

#include <vector>

#include "experiment/experiment.h"

namespace simsched {

Inputs load_inputs(const Config& config, bool quiet);

// With as many jobs as the config says.
std::vector<Outcome> run_all(const std::vector<Experiment>& experiments, const Config& config, const Inputs& inputs,
                             bool quiet);

}  // namespace simsched

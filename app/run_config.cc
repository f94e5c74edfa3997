#include "app/run_config.h"

#include <spdlog/spdlog.h>

#include <functional>

#include "app/progress_bar.h"
#include "base/parallel.h"

namespace simsched {

Inputs load_inputs(const Config& config, bool quiet) {
  ProgressBar bar("reading " + config.workload.trace, quiet);
  return Inputs(config, std::ref(bar));
}

std::vector<Outcome> run_all(const std::vector<Experiment>& experiments, const Config& config, const Inputs& inputs,
                             bool quiet) {
  const int jobs = jobs_or_default(config.jobs);
  spdlog::info("{} experiments, {} at a time", experiments.size(), jobs);
  ProgressBar bar("simulating", quiet);
  return run_experiments(experiments, config, inputs, jobs, std::ref(bar));
}

}  // namespace simsched

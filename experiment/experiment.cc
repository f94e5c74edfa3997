#include "experiment/experiment.h"

#include "base/parallel.h"
#include "experiment/simulation.h"

namespace simsched {

std::vector<Experiment> list_experiments(const Config& config, const Inputs& inputs) {
  std::vector<Experiment> experiments;
  for (size_t machine = 0; machine < inputs.nr_machines(); ++machine) {
    for (size_t policy = 0; policy < config.policies.size(); ++policy) {
      for (uint64_t seed : config.seeds) experiments.push_back({machine, policy, seed, false});
    }
  }
  return experiments;
}

Outcome run_experiment(const Experiment& experiment, const Config& config, const Inputs& inputs,
                       MoveObserver* observer) {
  Simulation simulation(experiment, config, inputs);
  simulation.engine().observe_moves(observer);
  simulation.engine().run();
  return simulation.outcome();
}

std::vector<Outcome> run_experiments(const std::vector<Experiment>& experiments, const Config& config,
                                     const Inputs& inputs, int jobs, const Progress& progress) {
  std::vector<Outcome> outcomes(experiments.size());
  auto run = [&](size_t i) { outcomes[i] = run_experiment(experiments[i], config, inputs); };
  parallel_for(experiments.size(), jobs, run, progress);
  return outcomes;
}

}  // namespace simsched

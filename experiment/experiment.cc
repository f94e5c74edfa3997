#include "experiment/experiment.h"

#include "base/parallel.h"
#include "experiment/task_figures.h"
#include "sim/engine.h"

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

namespace {

// A policy shows its scheduler another machine, which has fewer CPUs. The first one does not go away.
std::shared_ptr<const Workload> fit_to(const Machine& shown, const Workload& workload,
                                       std::vector<HotplugEvent>& hotplug) {
  std::erase_if(hotplug, [&](const HotplugEvent& change) {
    return change.cpu == CpuId(0) || change.cpu.index() >= shown.nr_cpus();
  });
  auto fitted = std::make_shared<Workload>(workload);
  fitted->fit(shown.nr_cpus(), shown.spec().isolated);
  return fitted;
}

}  // namespace

Outcome run_experiment(const Experiment& experiment, const Config& config, const Inputs& inputs,
                       MoveObserver* observer) {
  const PolicyConfig& policy = config.policies[experiment.policy];
  EngineOptions options;
  options.kernel = inputs.kernel(experiment.machine);
  options.seed = experiment.seed;
  options.duration = config.duration;
  options.record = experiment.record || config.task_figures;
  options.hotplug = config.hotplug;
  const Machine& whole = inputs.machine(experiment.machine);
  std::shared_ptr<const Workload> workload = inputs.workload(experiment.machine, experiment.seed);
  const std::optional<Machine> shown = policy.machine(options.kernel, whole);
  if (shown) workload = fit_to(*shown, *workload, options.hotplug);
  const Machine& machine = shown ? *shown : whole;
  Engine engine(machine, *workload, options, policy.make(options.kernel, machine));
  engine.observe_moves(observer);
  engine.run();
  Outcome outcome;
  outcome.result = engine.result();
  outcome.result.policy = policy.label;
  if (config.task_figures) add_task_figures(engine.trace(), outcome.result);
  if (experiment.record) {
    outcome.trace = engine.trace();
    outcome.trace.circumstances.kernel = options.kernel.version;
    outcome.counters = engine.counters();
    outcome.machine = machine;
  }
  return outcome;
}

std::vector<Outcome> run_experiments(const std::vector<Experiment>& experiments, const Config& config,
                                     const Inputs& inputs, int jobs, const Progress& progress) {
  std::vector<Outcome> outcomes(experiments.size());
  auto run = [&](size_t i) { outcomes[i] = run_experiment(experiments[i], config, inputs); };
  parallel_for(experiments.size(), jobs, run, progress);
  return outcomes;
}

}  // namespace simsched

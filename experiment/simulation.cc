#include "experiment/simulation.h"

#include <vector>

#include "base/placed.h"
#include "experiment/task_figures.h"

namespace simsched {
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

Simulation::Simulation(const Experiment& experiment, const Config& config, const Inputs& inputs)
    : experiment_(experiment), config_(config), machine_(&inputs.machine(experiment.machine)) {
  options_.kernel = inputs.kernel(experiment.machine);
  options_.seed = experiment.seed;
  options_.duration = config.duration;
  options_.record = experiment.record || config.task_figures;
  options_.hotplug = config.hotplug;
  workload_ = inputs.workload(experiment.machine, experiment.seed);
  shown_ = policy().machine(options_.kernel, *machine_);
  if (shown_) {
    workload_ = fit_to(*shown_, *workload_, options_.hotplug);
    machine_ = &*shown_;
  }
  engine_ = new_engine();
}

std::unique_ptr<Engine> Simulation::new_engine() const {
  return placed(config_.workload.where, [&] {
    return std::make_unique<Engine>(*machine_, *workload_, options_, policy().make(options_.kernel, *machine_));
  });
}

Outcome Simulation::outcome() const {
  Outcome outcome;
  outcome.result = engine_->result();
  outcome.result.policy = policy().label;
  if (config_.task_figures) add_task_figures(engine_->trace(), outcome.result);
  if (experiment_.record) {
    outcome.trace = engine_->trace();
    outcome.trace.circumstances.kernel = options_.kernel.version;
    outcome.counters = engine_->counters();
    outcome.machine = *machine_;
  }
  return outcome;
}

}  // namespace simsched

// One experiment that need not be over: an engine with what it stands on. run_experiment() takes it to its end at once;
// others stop it on the way, look at it, and go back.
#pragma once

#include <memory>
#include <optional>

#include "experiment/experiment.h"
#include "sim/engine.h"

namespace simsched {

class Simulation {
 public:
  // Nothing has happened yet. `config` and `inputs` must outlive it.
  Simulation(const Experiment& experiment, const Config& config, const Inputs& inputs);
  Simulation(const Simulation&) = delete;  // engines refer to it
  Simulation& operator=(const Simulation&) = delete;

  Engine& engine() { return *engine_; }
  const Engine& engine() const { return *engine_; }
  // A twin of engine(), at its start: for Engine::assign(), in either direction. Must not outlive this.
  std::unique_ptr<Engine> new_engine() const;
  // From the start again, with another engine: what an exception left in the middle of an event is gone.
  void restart() { engine_ = new_engine(); }
  const Machine& machine() const { return *machine_; }  // that the policy is shown
  const Workload& workload() const { return *workload_; }
  Outcome outcome() const;  // when it is over

 private:
  const PolicyConfig& policy() const { return config_.policies[experiment_.policy]; }

  const Experiment experiment_;
  const Config& config_;
  EngineOptions options_;
  std::optional<Machine> shown_;
  const Machine* machine_;
  std::shared_ptr<const Workload> workload_;
  std::unique_ptr<Engine> engine_;
};

}  // namespace simsched

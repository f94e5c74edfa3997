// Experiments: machine x policy x seed, simulated on several threads.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/progress.h"
#include "experiment/config.h"
#include "experiment/inputs.h"
#include "sim/move_observer.h"
#include "sim/results.h"
#include "traces/counter_track.h"
#include "traces/sched_trace.h"

namespace simsched {

struct Experiment {
  size_t machine = 0;  // index of Inputs
  size_t policy = 0;   // index of Config::policies
  uint64_t seed = 1;
  bool record = false;  // keep a trace
};

struct Outcome {
  RunResult result;
  // Empty unless recorded; `machine` is the one that the policy was shown.
  SchedTrace trace;
  std::vector<CounterTrack> counters;
  std::optional<Machine> machine;
};

// In the order of the results: by machine, then policy, then seed.
std::vector<Experiment> list_experiments(const Config& config, const Inputs& inputs);

// `observer` is told of the decisions about moving tasks; null: nobody is.
Outcome run_experiment(const Experiment& experiment, const Config& config, const Inputs& inputs,
                       MoveObserver* observer = nullptr);

// Outcomes in the order of `experiments`, whatever the number of jobs. `progress` counts experiments.
std::vector<Outcome> run_experiments(const std::vector<Experiment>& experiments, const Config& config,
                                     const Inputs& inputs, int jobs, const Progress& progress = {});

}  // namespace simsched

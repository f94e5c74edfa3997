// Recordings replayed where they were made, and judged: what `simsched validate` does.
#pragma once

#include <string>
#include <vector>

#include "base/progress.h"
#include "experiment/diagnosis.h"
#include "experiment/fidelity.h"
#include "experiment/recording.h"

namespace simsched {

struct Validation {
  Fidelity fidelity;
  std::vector<Diagnosis> diagnoses;
  SchedTrace first;  // of the first replay of the first recording, where it is to be kept
};

struct ValidationOptions {
  int seeds = 5;  // of each recording, 1 to this
  int jobs = 1;
  bool machine_given = false;  // by the user, instead of by whoever recorded
  bool keep_first = false;
};

// Throws Error (where: that recording's of `names`) unless all are of as many CPUs.
void check_alike(const std::vector<Recording>& recordings, const std::vector<std::string>& names);

// `policy`: the one that they were recorded under. `progress` counts replays.
Validation validate(const std::vector<Recording>& recordings, const PolicyConfig& policy,
                    const ValidationOptions& options, const Progress& progress = {});

}  // namespace simsched

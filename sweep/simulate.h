// The work of a sweep, or of one of several that share it.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "base/progress.h"
#include "sweep/journal.h"
#include "sweep/sweep.h"

namespace simsched {

// Every count-th run, from the number-th on, which is 1 or more.
struct Shard {
  size_t number = 1, count = 1;
};

// The runs that the journal lacks.
std::vector<const SweepItem*> missing_runs(const Sweep& sweep, const Journal& journal, const Shard& shard = {});

// Makes those runs and adds them to the journal as they end; `stop` is asked before each. False: it was stopped.
bool simulate(const Sweep& sweep, const std::vector<const SweepItem*>& runs, Journal& journal, int jobs,
              const std::function<bool()>& stop = {}, const Progress& progress = {});

}  // namespace simsched

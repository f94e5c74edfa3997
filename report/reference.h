// What was published beside what was simulated.
#pragma once

#include <span>
#include <string>

#include "experiment/reference.h"
#include "sim/results.h"

namespace simsched {

// A table a machine and source: the published ratio, and ours with its 95 % confidence interval over the seeds, which
// are paired. A policy that was not run has "-". "" without references.
std::string reference_tables(std::span<const Reference> references, std::span<const RunResult> results);

}  // namespace simsched

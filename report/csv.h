// results.csv: one line a run, one column a metric, for spreadsheets and data frames.
#pragma once

#include <span>
#include <string>

#include "sim/results.h"

namespace simsched {

// RFC 4180 with a header line. Columns: machine, policy, workload, seed, status, then every metric in order of
// first appearance; a run without one has an empty field.
std::string results_to_csv(std::span<const RunResult> results);

}  // namespace simsched

// results.csv: one line a run, one column a figure, for spreadsheets and data frames.
#pragma once

#include <span>
#include <string>

#include "sim/results.h"

namespace simsched {

// The columns of report/frame.h.
std::string results_to_csv(std::span<const RunResult> results);

// tasks.csv: one line a task, name or group of a run. After machine, policy, workload and seed come `of` ("task",
// "name" or "group"), `name`, and the figures. Empty when no run has any.
std::string tasks_to_csv(std::span<const RunResult> results);

}  // namespace simsched

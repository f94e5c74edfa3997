// results.csv: one line a run, one column a metric, for spreadsheets and data frames.
#pragma once

#include <span>
#include <string>

#include "sim/results.h"

namespace simsched {

// RFC 4180 with a header line. The columns are those of results.json, in order of first appearance: a metric has its
// own name, what stands in another group has the group's before it ("task_time_work_ns", "fair_pulled"). A run without
// one has an empty field. Lists (cpu_busy_ns) and the times of groups of tasks are left out.
std::string results_to_csv(std::span<const RunResult> results);

// tasks.csv: one line a task, name or group of a run. After machine, policy, workload and seed come `of` ("task", "name"
// or "group"), `name`, and the figures. Empty when no run has any.
std::string tasks_to_csv(std::span<const RunResult> results);

}  // namespace simsched

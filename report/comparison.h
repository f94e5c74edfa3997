// The table of `simsched run`: for each machine, policies by metrics.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "report/table.h"
#include "sim/results.h"

namespace simsched {

// The metrics shown when nobody chose.
std::vector<std::string> default_metrics();

// One table a machine. A cell is the mean over the seeds, `*` marks the best of a metric where no other could be as good, and from the second
// policy on the difference to the first follows in percent, with its 95 % confidence interval when there
// are two seeds or more.
std::string comparison_tables(std::span<const RunResult> results, const std::vector<std::string>& metrics, const Look& look);

}  // namespace simsched

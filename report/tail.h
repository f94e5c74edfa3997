// How many samples a quantile needs before it says anything.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "sim/metric_table.h"
#include "sim/results.h"

namespace simsched {

// The least number of independent samples whose order statistics bound the quantile (0 < q < 1) from both sides with
// 95 % confidence, whatever their distribution: 6 for the median, 368 for 0.99, 3688 for 0.999.
uint64_t least_samples(double quantile);

// The quantile that a metric is by its name, 0.999 of "..._p999"; none: it is none.
std::optional<double> quantile_of(const std::string& metric);

struct TooFew {
  uint64_t samples, least;
};
// Of a metric that is a quantile: that the run has too few samples of it.
std::optional<TooFew> too_few_samples(const Metric& metric, const RunResult& run);

}  // namespace simsched

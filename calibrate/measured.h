// Costs of a machine (topology/machine.h) that were measured, and the overlay file that says so: a `costs:` mapping
// that a machine file names, or that lies beside a recording as NAME.costs.yaml.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/spread.h"
#include "base/units.h"

namespace simsched {

struct MeasuredCost {
  std::string key;  // as in a machine file
  Spread spread;    // 5, 25, 50, 75 and 95 % of the samples; or one figure
  size_t samples;
};

// So many samples make up a spread; below, the machine's own figure is the better one.
inline constexpr size_t kFewestSamples = 30;

// The quantiles of a cost. `samples` is put in order.
Spread quantiles_of(std::vector<Nanos>& samples);

// `about` becomes its first comment, a line. `smt_share`: 0 where it was not measured.
std::string costs_file(const std::string& about, const std::vector<MeasuredCost>& costs, int32_t smt_share = 0);

}  // namespace simsched

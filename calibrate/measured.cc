#include "calibrate/measured.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "base/error.h"

namespace simsched {

Spread quantiles_of(std::vector<Nanos>& samples) {
  SIMSCHED_CHECK(!samples.empty(), "no sample to take quantiles of");
  std::sort(samples.begin(), samples.end());
  constexpr std::array<size_t, 5> kPercents{5, 25, 50, 75, 95};
  Spread spread;
  for (size_t i = 0; i < kPercents.size(); ++i)
    spread.quantiles[i] = samples[(samples.size() - 1) * kPercents[i] / 100];
  return spread;
}

std::string costs_file(const std::string& about, const std::vector<MeasuredCost>& costs, int32_t smt_share) {
  std::string text = "# " + about + "\n";
  if (smt_share != 0) text += fmt::format("smt_share: {}\n", smt_share);
  text += costs.empty() ? "costs: {}\n" : "costs:\n";
  for (const MeasuredCost& cost : costs) {
    std::vector<int64_t> values;
    for (Nanos value : cost.spread.quantiles) values.push_back(value.count());
    const bool constant = values.front() == values.back();
    const std::string value = constant ? fmt::format("{}", values[0]) : fmt::format("[{}]", fmt::join(values, ", "));
    text += fmt::format("  {}: {}  # {} sample{}\n", cost.key, value, cost.samples, cost.samples == 1 ? "" : "s");
  }
  return text;
}

}  // namespace simsched

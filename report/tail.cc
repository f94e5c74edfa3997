#include "report/tail.h"

#include <algorithm>
#include <cmath>

namespace simsched {

// Beyond the largest of n the quantile q lies with probability q^n, below the smallest with (1 - q)^n: at most 2.5 %
// each.
uint64_t least_samples(double quantile) {
  const double farther = std::max(quantile, 1 - quantile);
  return static_cast<uint64_t>(std::ceil(std::log(0.025) / std::log(farther)));
}

std::optional<double> quantile_of(const std::string& metric) {
  const size_t at = metric.rfind("_p");
  if (at == std::string::npos || at + 2 == metric.size()) return std::nullopt;
  double quantile = 0, unit = 1;
  for (size_t i = at + 2; i < metric.size(); ++i) {
    if (metric[i] < '0' || metric[i] > '9') return std::nullopt;
    quantile += (unit /= 10) * (metric[i] - '0');
  }
  return quantile > 0 ? std::optional(quantile) : std::nullopt;
}

std::optional<TooFew> too_few_samples(const Metric& metric, const RunResult& run) {
  const auto quantile = quantile_of(metric.name);
  const auto samples = metric.samples.empty() ? std::nullopt : run.find(metric.samples);
  if (!quantile || !samples) return std::nullopt;
  const TooFew few{static_cast<uint64_t>(*samples), least_samples(*quantile)};
  return few.samples < few.least ? std::optional(few) : std::nullopt;
}

}  // namespace simsched

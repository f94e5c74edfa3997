#include "ml/search/worth.h"

#include <algorithm>

#include "ml/search/exact_math.h"

namespace simsched::search {
namespace {

// A unit more than each, so that none is 0.
double log_ratio(int64_t value, int64_t base, double unit = 1) {
  return exact_log((static_cast<double>(value) + unit) / (static_cast<double>(base) + unit));
}

double above(double log) { return std::max(0.0, log); }

const Figures& better(std::span<const Figures> baselines) {
  return *std::ranges::min_element(baselines, {}, [](const Figures& f) { return std::pair(f.failed, f.makespan); });
}

constexpr double kMicrosecond = 1e3, kHundredMs = 1e8;

}  // namespace

double makespan_ratio(const Figures& run, std::span<const Figures> baselines) {
  const Figures& base = better(baselines);
  // Where all failed they were cut off at the same time.
  if (run.failed && !base.failed) return kFailed;
  return log_ratio(run.makespan, base.makespan);
}

Worth worth_of(const FiguresTable& table, size_t policy, const FiguresTable& baselines, const Objective& objective) {
  Worth worth;
  const auto count = static_cast<double>(table.size());
  std::vector<double> ratios;
  for (size_t k = 0; k < table.size(); ++k) {
    const Figures &run = table[k][policy], &base = better(baselines[k]), &first = baselines[k].front();
    ratios.push_back(makespan_ratio(run, baselines[k]));
    worth.makespan += ratios.back() / count;
    worth.migrations += log_ratio(run.migrations, base.migrations) / count;
    worth.wake += above(log_ratio(run.wake_p99, first.wake_p99, kMicrosecond) - exact_log(1.05)) / count;
    const double longest = static_cast<double>(std::max<int64_t>(first.longest_wait, 1));
    worth.wait += above(exact_log((static_cast<double>(run.longest_wait) + 1) / std::max(kHundredMs, longest))) / count;
    if (first.energy > 0) worth.energy += above(log_ratio(run.energy, first.energy) - exact_log(1.02)) / count;
  }
  std::ranges::sort(ratios, std::greater<>());
  const size_t worst = (ratios.size() + 3) / 4;
  for (size_t k = 0; k < worst; ++k) worth.tail += ratios[k] / static_cast<double>(worst);
  worth.total = worth.makespan + objective.tail * worth.tail + objective.migrations * worth.migrations +
                objective.wake * worth.wake + objective.wait * worth.wait + objective.energy * worth.energy;
  return worth;
}

}  // namespace simsched::search

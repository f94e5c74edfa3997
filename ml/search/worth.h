// What a candidate is worth: its figures over scenarios, as logarithms of ratios to baselines. Lower is better, 0 is as
// good as the better baseline of each scenario.
#pragma once

#include <span>
#include <vector>

#include "ml/search/scenario.h"

namespace simsched::search {

// Weights of the parts.
struct Objective {
  double tail = 0.5, migrations = 0.05, wake = 1, wait = 1, energy = 1;
};

struct Worth {
  double makespan = 0;    // mean over scenarios of ln(makespan / that of the better baseline)
  double tail = 0;        // its mean over the worst quarter of them (CVaR)
  double migrations = 0;  // mean of ln((1 + migrations) / (1 + those of the same baseline))
  double wake = 0;    // means of by how much more than 5 % the 99th percentile of wake-up latency is above the first
  double wait = 0;    // baseline's; the longest wait above 100 ms and that one's; the energy more than 2 % above
  double energy = 0;  // it: logarithms, 0 where it is not
  double total = 0;   // makespan and the others with their weights
};

// A run that failed counts as e^2 times the makespan.
inline constexpr double kFailed = 2;

// ln(makespan / that of the better of `baselines`), or kFailed.
double makespan_ratio(const Figures& run, std::span<const Figures> baselines);

// Of policy `policy` in `table`; `baselines[scenario]` are those of the same scenario.
Worth worth_of(const FiguresTable& table, size_t policy, const FiguresTable& baselines, const Objective& objective);

}  // namespace simsched::search

// Results over seeds: groups, means, and differences between policies with their confidence.
//
// Floating point is for reporting only; nothing here feeds back into a simulation.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sim/metric_table.h"
#include "sim/results.h"

namespace simsched {

// The runs of one policy on one machine, one a seed.
struct PolicyRuns {
  std::string policy;
  std::vector<const RunResult*> runs;

  // By seed; empty when a run lacks the metric.
  std::vector<double> values(const std::string& metric) const;
};

struct MachineRuns {
  std::string machine;
  std::vector<PolicyRuns> policies;
};

// By policy: whether its figures may be called best. Those of one that was thrown out, that starved a task, some of
// whose tasks a core ended (SIGILL), or that left tasks unfinished where another finished all, are good because it did
// less; those of a replay that locked up are none.
std::vector<bool> contenders(const MachineRuns& machine);

// By machine, then by policy, both in order of first appearance. Points into `results`.
std::vector<MachineRuns> group_runs(std::span<const RunResult> results);

struct Estimate {
  double mean = 0;
  std::optional<double> half_width;  // of the 95 % confidence interval; needs two values
};

// Student's t interval of the mean. `values` must not be empty.
Estimate mean_estimate(std::span<const double> values);

// How far `values` are from `base`, in percent of the mean of `base`. Paired: values[i] and base[i] come
// from the same seed, so that what the seed does to both cancels out. None when `base` is 0 on average
// or the two differ in length.
std::optional<Estimate> percent_difference(std::span<const double> base, std::span<const double> values);

// As tables show such a difference: "-2.2% ±2.4".
std::string difference_text(const Estimate& percent);

// The policy that may be called best of a metric, of those in `may_win` (see contenders()): no other shows the same
// figure, and with two seeds or more the interval of no difference to another holds 0. None where one of them lacks the
// metric or has too few samples of it, and where there is nobody to be better than.
std::optional<size_t> winner(const MachineRuns& machine, const std::vector<bool>& may_win, const Metric& metric);

}  // namespace simsched

#include "report/summary.h"

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <numeric>

#include "base/error.h"

namespace simsched {
namespace {

// The group named `name`, appended when it is new.
template <class Group>
Group& group_named(std::vector<Group>& groups, std::string Group::*key, const std::string& name) {
  auto found = std::find_if(groups.begin(), groups.end(), [&](const Group& group) { return group.*key == name; });
  if (found != groups.end()) return *found;
  groups.emplace_back();
  groups.back().*key = name;
  return groups.back();
}

}  // namespace

std::vector<double> PolicyRuns::values(const std::string& metric) const {
  std::vector<double> found;
  for (const RunResult* run : runs) {
    if (std::optional<int64_t> value = run->find(metric)) found.push_back(static_cast<double>(*value));
  }
  if (found.size() != runs.size()) found.clear();
  return found;
}

std::vector<bool> contenders(const MachineRuns& machine) {
  auto sum = [](const PolicyRuns& policy, std::string_view metric) {
    int64_t all = 0;
    for (const RunResult* run : policy.runs) all += run->find(metric).value_or(0);
    return all;
  };
  auto whole = [](const PolicyRuns& policy) {
    return std::all_of(policy.runs.begin(), policy.runs.end(),
                       [](const RunResult* run) { return run->exit_code == 0; });
  };
  const bool can_be_finished =
      std::any_of(machine.policies.begin(), machine.policies.end(),
                  [&](const PolicyRuns& policy) { return whole(policy) && sum(policy, "tasks_unfinished") == 0; });
  std::vector<bool> list;
  for (const PolicyRuns& policy : machine.policies) {
    list.push_back(whole(policy) && sum(policy, "tasks_starved") == 0 &&
                   (!can_be_finished || sum(policy, "tasks_unfinished") == 0));
  }
  return list;
}

std::vector<MachineRuns> group_runs(std::span<const RunResult> results) {
  std::vector<MachineRuns> machines;
  for (const RunResult& result : results) {
    MachineRuns& machine = group_named(machines, &MachineRuns::machine, result.machine);
    group_named(machine.policies, &PolicyRuns::policy, result.policy).runs.push_back(&result);
  }
  return machines;
}

Estimate mean_estimate(std::span<const double> values) {
  SIMSCHED_CHECK(!values.empty(), "the mean of nothing");
  double n = static_cast<double>(values.size());
  Estimate estimate;
  estimate.mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  if (values.size() < 2) return estimate;
  double squares = 0;
  for (double value : values) squares += (value - estimate.mean) * (value - estimate.mean);
  double t = boost::math::quantile(boost::math::students_t(n - 1), 0.975);
  estimate.half_width = t * std::sqrt(squares / (n - 1) / n);
  return estimate;
}

std::optional<Estimate> percent_difference(std::span<const double> base, std::span<const double> values) {
  if (base.empty() || base.size() != values.size()) return std::nullopt;
  double base_mean = mean_estimate(base).mean;
  if (base_mean == 0) return std::nullopt;
  std::vector<double> percents(base.size());
  for (size_t i = 0; i < base.size(); ++i) percents[i] = 100 * (values[i] - base[i]) / std::fabs(base_mean);
  return mean_estimate(percents);
}

std::vector<bool> best_of(std::span<const double> means, Better better) {
  std::vector<bool> best(means.size(), false);
  if (means.empty() || better == Better::kNeither) return best;
  auto [low, high] = std::minmax_element(means.begin(), means.end());
  if (*low == *high) return best;
  double target = better == Better::kLower ? *low : *high;
  for (size_t i = 0; i < means.size(); ++i) best[i] = means[i] == target;
  return best;
}

}  // namespace simsched

#include "report/summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <numeric>

#include "base/error.h"
#include "report/format.h"
#include "report/tail.h"

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

// Whether the other could be as good: it shows the same figure, or the seeds do not agree that there is a difference.
bool tied(const std::vector<double>& best, const std::vector<double>& other, const std::string& unit) {
  if (format_value(mean_estimate(best).mean, unit) == format_value(mean_estimate(other).mean, unit)) return true;
  const auto difference = percent_difference(best, other);
  return difference && difference->half_width && *difference->half_width >= std::fabs(difference->mean);
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
  auto whole = [&](const PolicyRuns& policy) {
    return sum(policy, "tasks_illegal") == 0 && sum(policy, "waits_let_go") == 0 &&
           std::all_of(policy.runs.begin(), policy.runs.end(),
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

std::string difference_text(const Estimate& percent) {
  std::string text = format_percent(percent.mean);
  if (percent.half_width) text += fmt::format(" ±{:.1f}", *percent.half_width);
  return text;
}

std::optional<size_t> winner(const MachineRuns& machine, const std::vector<bool>& may_win, const Metric& metric) {
  if (metric.better == Better::kNeither || machine.policies.size() < 2) return std::nullopt;
  std::vector<size_t> running;
  std::vector<std::vector<double>> values;
  for (size_t i = 0; i < machine.policies.size(); ++i) {
    if (!may_win[i]) continue;
    const PolicyRuns& policy = machine.policies[i];
    values.push_back(policy.values(metric.name));
    if (values.back().empty() || std::any_of(policy.runs.begin(), policy.runs.end(), [&](const RunResult* run) {
          return too_few_samples(metric, *run).has_value();
        }))
      return std::nullopt;
    running.push_back(i);
  }
  if (running.empty()) return std::nullopt;
  auto better = [&](const std::vector<double>& a, const std::vector<double>& b) {
    const double left = mean_estimate(a).mean, right = mean_estimate(b).mean;
    return metric.better == Better::kLower ? left < right : left > right;
  };
  const auto best = std::min_element(values.begin(), values.end(), better);
  for (auto other = values.begin(); other != values.end(); ++other)
    if (other != best && tied(*best, *other, metric.unit)) return std::nullopt;
  return running[static_cast<size_t>(best - values.begin())];
}

}  // namespace simsched

#include "report/regression.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <tuple>

#include "base/error.h"
#include "base/suggest.h"

namespace simsched {
namespace {

const RunResult* run_with(const PolicyRuns& runs, uint64_t seed) {
  auto found =
      std::find_if(runs.runs.begin(), runs.runs.end(), [&](const RunResult* run) { return run->seed == seed; });
  return found == runs.runs.end() ? nullptr : *found;
}

const PolicyRuns* runs_of(std::span<const MachineRuns> machines, const std::string& machine,
                          const std::string& policy) {
  for (const MachineRuns& candidate : machines) {
    if (candidate.machine != machine) continue;
    for (const PolicyRuns& runs : candidate.policies)
      if (runs.policy == policy) return &runs;
  }
  return nullptr;
}

std::string run_text(const std::string& machine, const std::string& policy) { return policy + " on " + machine; }

struct Pairs {
  PolicyRuns base, now;  // of the same seeds in the same order
};

// What is gone, new, or ends otherwise goes to the report.
Pairs pair_runs(const std::string& machine, const PolicyRuns& base, const PolicyRuns& now, const std::string& names,
                RegressionReport* report) {
  Pairs pairs{{base.policy, {}}, {now.policy, {}}};
  const std::string text = run_text(machine, base.policy);
  for (const RunResult* before : base.runs) {
    const RunResult* after = run_with(now, before->seed);
    if (after == nullptr) {
      report->broken.push_back(fmt::format("{}, seed {}: is gone", text, before->seed));
      continue;
    }
    if (before->workload != after->workload)
      throw Error(names,
                  fmt::format("the workload of {} was '{}', and is '{}'", text, before->workload, after->workload),
                  "compare two results of the same config");
    if (after->exit_code != 0 && before->exit_code == 0) {
      report->broken.push_back(fmt::format("{}, seed {}: {}", text, before->seed, after->status));
      continue;
    }
    if (after->exit_code == 0 && before->exit_code != 0)
      report->notes.push_back(fmt::format("{}, seed {}: is whole again, was: {}", text, before->seed, before->status));
    pairs.base.runs.push_back(before);
    pairs.now.runs.push_back(after);
  }
  for (const RunResult* after : now.runs)
    if (run_with(base, after->seed) == nullptr)
      report->notes.push_back(fmt::format("{}, seed {}: is new", text, after->seed));
  return pairs;
}

// How much worse `now` is, in the metric's unit; negative: better.
double worse_by(const Regression& row, Better better) {
  const double more = row.now - row.base;
  if (better == Better::kNeither) return std::fabs(more);
  return better == Better::kLower ? more : -more;
}

// Whether the seeds do not agree that there is a difference. Each is asked by how much of its own it changed, as seeds
// may differ in size.
bool may_be_chance(const std::vector<double>& base, const std::vector<double>& now) {
  if (base.size() < 2) return false;
  const bool shares = std::all_of(base.begin(), base.end(), [](double value) { return value > 0; });
  std::vector<double> changes(base.size());
  for (size_t i = 0; i < base.size(); ++i) changes[i] = (now[i] - base[i]) / (shares ? base[i] : 1);
  const Estimate change = mean_estimate(changes);
  return *change.half_width >= std::fabs(change.mean);
}

Change judge(const Regression& row, const std::vector<double>& base, const std::vector<double>& now, Better better) {
  if (base == now) return Change::kSame;
  const double allowed = std::max(row.tolerance.relative * std::fabs(row.base), row.tolerance.absolute);
  const double worse = worse_by(row, better);
  if (std::fabs(worse) <= allowed) return Change::kWithin;
  if (may_be_chance(base, now)) return Change::kUncertain;
  return worse < 0 ? Change::kBetter : Change::kWorse;
}

Regression compare_metric(const std::string& machine, const Pairs& pairs, const Tolerance& tolerance) {
  Regression row{machine, pairs.base.policy, tolerance, 0, 0, {}, Change::kUnknown};
  const std::vector<double> base = pairs.base.values(tolerance.metric), now = pairs.now.values(tolerance.metric);
  if (base.empty() || now.empty()) return row;
  row.base = mean_estimate(base).mean;
  row.now = mean_estimate(now).mean;
  row.percent = percent_difference(base, now);
  const Metric* known = find_metric(tolerance.metric);
  row.change = judge(row, base, now, known != nullptr ? known->better : Better::kNeither);
  return row;
}

bool has_metric(std::span<const RunResult> results, const std::string& metric) {
  return std::any_of(results.begin(), results.end(),
                     [&](const RunResult& run) { return run.find(metric).has_value(); });
}

// A name that no run has is a slip of the pen, not something that became better.
void check_names(std::span<const RunResult> base, std::span<const RunResult> now, std::span<const Tolerance> tolerances,
                 const std::string& names) {
  for (const Tolerance& tolerance : tolerances) {
    if (has_metric(base, tolerance.metric) || has_metric(now, tolerance.metric)) continue;
    std::vector<std::string> known;
    for (const auto& [name, value] : base.front().figures()) known.push_back(name);
    throw Error(names, "no run has '" + tolerance.metric + "'", suggest(tolerance.metric, known));
  }
}

// Which of two would be paired with the other's?
void check_once(std::span<const RunResult> results, const std::string& names) {
  std::set<std::tuple<std::string, std::string, uint64_t>> seen;
  for (const RunResult& run : results)
    if (!seen.emplace(run.machine, run.policy, run.seed).second)
      throw Error(names, fmt::format("{}, seed {} stands twice in one of them", run_text(run.machine, run.policy), run.seed),
                  "compare what 'simsched run' wrote");
}

}  // namespace

bool RegressionReport::regressed() const {
  return !broken.empty() ||
         std::any_of(rows.begin(), rows.end(), [](const Regression& row) { return row.change == Change::kWorse; });
}

RegressionReport compare_results(std::span<const RunResult> base, std::span<const RunResult> now,
                                 std::span<const Tolerance> tolerances, const std::string& names) {
  if (base.empty() || now.empty()) throw Error(names, "one of them has no runs", "compare what 'simsched run' wrote");
  check_names(base, now, tolerances, names);
  check_once(base, names);
  check_once(now, names);
  RegressionReport report;
  const std::vector<MachineRuns> before = group_runs(base), after = group_runs(now);
  bool paired = false;
  for (const MachineRuns& machine : before) {
    for (const PolicyRuns& policy : machine.policies) {
      const PolicyRuns* fresh = runs_of(after, machine.machine, policy.policy);
      if (fresh == nullptr) {
        report.broken.push_back(run_text(machine.machine, policy.policy) + ": is gone");
        continue;
      }
      const Pairs pairs = pair_runs(machine.machine, policy, *fresh, names, &report);
      paired = true;
      if (pairs.base.runs.empty()) continue;
      for (const Tolerance& tolerance : tolerances) {
        report.rows.push_back(compare_metric(machine.machine, pairs, tolerance));
        if (!pairs.base.values(tolerance.metric).empty() && pairs.now.values(tolerance.metric).empty())
          report.broken.push_back(run_text(machine.machine, policy.policy) + ": has no '" + tolerance.metric +
                                  "' any more");
      }
    }
  }
  if (!paired) throw Error(names, "they have no policy on the same machine", "compare two results of the same config");
  for (const MachineRuns& machine : after)
    for (const PolicyRuns& policy : machine.policies)
      if (runs_of(before, machine.machine, policy.policy) == nullptr)
        report.notes.push_back(run_text(machine.machine, policy.policy) + ": is new");
  return report;
}

}  // namespace simsched

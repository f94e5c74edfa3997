// Results of one version beside those of another: what became worse, and whether it is more than was agreed to.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "report/summary.h"
#include "report/table.h"
#include "report/tolerances.h"
#include "sim/results.h"

namespace simsched {

enum class Change {
  kSame,       // to the last digit, in every run
  kWithin,     // different, but not by more than the tolerance
  kBetter,     // by more than the tolerance
  kUncertain,  // worse by more than the tolerance on average, but the interval over seeds holds 0
  kWorse,      // a regression
  kUnknown,    // one side lacks the metric
};

struct Regression {
  std::string machine, policy;
  Tolerance tolerance;              // names the metric
  double base = 0, now = 0;         // means over the seeds that both have
  std::optional<Estimate> percent;  // none: base is 0
  Change change = Change::kUnknown;
};

struct RegressionReport {
  std::vector<Regression> rows;     // by machine, policy, metric in the order of the tolerances
  std::vector<std::string> broken;  // what makes it fail whatever the figures: a run that is gone, or ends worse
  std::vector<std::string> notes;   // what is only in the new results, and the like

  bool regressed() const;
};

// Runs are paired by machine, policy and seed. A metric that is neither better high nor low may not change by more than
// its tolerance in either direction. A metric that no run has is an Error (where: `names`, the two files); so are two
// results without a pair.
RegressionReport compare_results(std::span<const RunResult> base, std::span<const RunResult> now,
                                 std::span<const Tolerance> tolerances, const std::string& names);

std::string regression_table(const RegressionReport& report, const Look& look);
std::string regression_summary(const RegressionReport& report);  // one line
std::string regression_markdown(const RegressionReport& report);
std::string regression_junit(const RegressionReport& report);  // a test case a metric, a suite a machine
std::string regression_json(const RegressionReport& report);   // docs/ci.md has the schema

}  // namespace simsched

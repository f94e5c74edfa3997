#include "report/reference.h"

#include <fmt/format.h>

#include <algorithm>

#include "report/summary.h"
#include "report/table.h"

namespace simsched {
namespace {

// Three digits are what is published.
std::string ratio_text(double ratio) { return fmt::format("{:.3f}", ratio); }

std::vector<double> values_of(const MachineRuns& machine, const std::string& policy, const std::string& metric) {
  auto found = std::find_if(machine.policies.begin(), machine.policies.end(),
                            [&](const PolicyRuns& runs) { return runs.policy == policy; });
  return found == machine.policies.end() ? std::vector<double>() : found->values(metric);
}

std::string simulated(const MachineRuns& machine, const PublishedRatio& published) {
  const auto difference = percent_difference(values_of(machine, published.against, published.metric),
                                             values_of(machine, published.policy, published.metric));
  if (!difference) return "-";
  std::string text = ratio_text(1 + difference->mean / 100);
  if (difference->half_width) text += " ±" + ratio_text(*difference->half_width / 100);
  return text;
}

}  // namespace

std::string reference_tables(std::span<const Reference> references, std::span<const RunResult> results) {
  std::string text;
  for (const MachineRuns& machine : group_runs(results)) {
    for (const Reference& reference : references) {
      Table table;
      for (const char* heading : {"policy", "against", "metric"}) table.add_column(heading, Align::kLeft);
      for (const char* heading : {"published", "simulated"}) table.add_column(heading);
      for (const PublishedRatio& row : reference.ratios)
        table.add_row({row.policy, row.against, row.metric, ratio_text(row.ratio), simulated(machine, row)});
      text += fmt::format("{}as ratios, published ({}) and simulated on {}:\n\n{}", text.empty() ? "" : "\n",
                          reference.source, machine.machine, table.str());
    }
  }
  return text;
}

}  // namespace simsched

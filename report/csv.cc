#include "report/csv.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace simsched {
namespace {

std::string quoted(const std::string& field) {
  if (field.find_first_of(",\"\r\n") == std::string::npos) return field;
  std::string text = "\"";
  for (char c : field) text += c == '"' ? std::string("\"\"") : std::string(1, c);
  return text + '"';
}

}  // namespace

std::string results_to_csv(std::span<const RunResult> results) {
  std::vector<std::string> metrics;
  for (const RunResult& result : results) {
    for (const auto& [name, value] : result.metrics) {
      if (std::find(metrics.begin(), metrics.end(), name) == metrics.end()) metrics.push_back(name);
    }
  }
  std::string text =
      fmt::format("machine,policy,workload,seed,status{}{}\n", metrics.empty() ? "" : ",", fmt::join(metrics, ","));
  for (const RunResult& result : results) {
    text += fmt::format("{},{},{},{},{}", quoted(result.machine), quoted(result.policy), quoted(result.workload),
                        result.seed, quoted(result.status));
    for (const std::string& metric : metrics) {
      auto found = std::find_if(result.metrics.begin(), result.metrics.end(),
                                [&](const auto& entry) { return entry.first == metric; });
      text += found == result.metrics.end() ? "," : fmt::format(",{}", found->second);
    }
    text += '\n';
  }
  return text;
}

}  // namespace simsched

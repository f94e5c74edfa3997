#include "report/csv.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

namespace simsched {
namespace {

std::string quoted(const std::string& field) {
  if (field.find_first_of(",\"\r\n") == std::string::npos) return field;
  std::string text = "\"";
  for (char c : field) text += c == '"' ? std::string("\"\"") : std::string(1, c);
  return text + '"';
}

using Fields = std::vector<std::pair<std::string, std::string>>;  // column and text

Fields fields_of(const RunResult& result) {
  Fields fields;
  auto add_all = [&](const std::string& prefix, const NamedValues& values) {
    for (const auto& [name, value] : values) fields.emplace_back(prefix + name, std::to_string(value));
  };
  for_each_column(result, [&](const std::string& name, const auto& value, bool = true) {
    using Value = std::decay_t<decltype(value)>;
    if constexpr (std::is_same_v<Value, std::string>) {
      fields.emplace_back(name, quoted(value));
    } else if constexpr (std::is_integral_v<Value>) {
      fields.emplace_back(name, std::to_string(value));
    } else if constexpr (std::is_same_v<Value, NamedValues>) {
      add_all(name == "metrics" ? "" : name + "_", value);
    } else if constexpr (std::is_same_v<Value, NamedGroups>) {
      if (name != "counters" && name != "packets") return;
      for (const auto& [group, values] : value) add_all((name == "packets" ? "packets_" : "") + group + "_", values);
    }
  });
  return fields;
}

}  // namespace

std::string results_to_csv(std::span<const RunResult> results) {
  std::vector<std::string> columns;
  std::unordered_map<std::string, size_t> index;
  std::vector<std::vector<std::string>> rows;
  for (const RunResult& result : results) {
    std::vector<std::string>& row = rows.emplace_back();
    for (auto& [name, text] : fields_of(result)) {
      const size_t at = index.try_emplace(name, columns.size()).first->second;
      if (at == columns.size()) columns.push_back(name);
      if (at >= row.size()) row.resize(at + 1);
      row[at] = std::move(text);
    }
  }
  std::string csv = fmt::format("{}\n", fmt::join(columns, ","));
  for (std::vector<std::string>& row : rows) {
    row.resize(columns.size());
    csv += fmt::format("{}\n", fmt::join(row, ","));
  }
  return csv;
}

}  // namespace simsched

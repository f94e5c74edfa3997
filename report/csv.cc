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

// Lines of which each has some of the columns, in order of first appearance.
class Lines {
 public:
  void add(Fields fields) {
    std::vector<std::string>& row = rows_.emplace_back();
    for (auto& [name, text] : fields) {
      const size_t at = index_.try_emplace(name, columns_.size()).first->second;
      if (at == columns_.size()) columns_.push_back(name);
      if (at >= row.size()) row.resize(at + 1);
      row[at] = std::move(text);
    }
  }

  std::string csv() {
    std::string csv = fmt::format("{}\n", fmt::join(columns_, ","));
    for (std::vector<std::string>& row : rows_) {
      row.resize(columns_.size());
      csv += fmt::format("{}\n", fmt::join(row, ","));
    }
    return csv;
  }
  bool empty() const { return rows_.empty(); }

 private:
  std::vector<std::string> columns_;
  std::unordered_map<std::string, size_t> index_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace

std::string results_to_csv(std::span<const RunResult> results) {
  Lines lines;
  for (const RunResult& result : results) lines.add(fields_of(result));
  return lines.csv();
}

std::string tasks_to_csv(std::span<const RunResult> results) {
  Lines lines;
  for (const RunResult& result : results) {
    for (auto [of, list] : {std::pair("task", &result.tasks), {"name", &result.names}, {"group", &result.groups}}) {
      for (const auto& [name, values] : *list) {
        Fields fields = {{"machine", quoted(result.machine)},
                         {"policy", quoted(result.policy)},
                         {"workload", quoted(result.workload)},
                         {"seed", std::to_string(result.seed)},
                         {"of", of},
                         {"name", quoted(name)}};
        for (const auto& [figure, value] : values) fields.emplace_back(figure, std::to_string(value));
        lines.add(std::move(fields));
      }
    }
  }
  return lines.empty() ? "" : lines.csv();
}

}  // namespace simsched

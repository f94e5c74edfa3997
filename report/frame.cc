#include "report/frame.h"

#include <type_traits>

#include "base/error.h"

namespace simsched {
namespace {

std::string quoted(const std::string& field) {
  if (field.find_first_of(",\"\r\n") == std::string::npos) return field;
  std::string text = "\"";
  for (char c : field) text += c == '"' ? std::string("\"\"") : std::string(1, c);
  return text + '"';
}

}  // namespace

std::vector<NamedCell> cells_of(const RunResult& result) {
  std::vector<NamedCell> cells;
  auto add_all = [&](const std::string& prefix, const NamedValues& values) {
    for (const auto& [name, value] : values) cells.push_back({prefix + name, value});
  };
  for_each_column(result, [&](const std::string& name, const auto& value, bool = true) {
    using Value = std::decay_t<decltype(value)>;
    if constexpr (std::is_same_v<Value, std::string>) {
      cells.push_back({name, value});
    } else if constexpr (std::is_integral_v<Value>) {
      cells.push_back({name, static_cast<int64_t>(value)});
    } else if constexpr (std::is_same_v<Value, NamedValues>) {
      add_all(name == "metrics" ? "" : name + "_", value);
    } else if constexpr (std::is_same_v<Value, NamedGroups>) {
      if (name != "counters" && name != "packets") return;
      for (const auto& [group, values] : value) add_all((name == "packets" ? "packets_" : "") + group + "_", values);
    }
  });
  return cells;
}

void Frame::add(const std::vector<NamedCell>& row) {
  for (const NamedCell& cell : row) {
    const bool text = std::holds_alternative<std::string>(cell.value);
    const size_t at = index_.try_emplace(cell.column, columns_.size()).first->second;
    if (at == columns_.size()) columns_.push_back({cell.column, text, {}, {}, {}});
    Column& column = columns_[at];
    SIMSCHED_CHECK(column.text == text, "a column is all numbers or all text");
    column.there.resize(rows_ + 1);
    column.there[rows_] = true;
    if (text) {
      column.texts.resize(rows_ + 1);
      column.texts[rows_] = std::get<std::string>(cell.value);
    } else {
      column.numbers.resize(rows_ + 1);
      column.numbers[rows_] = std::get<int64_t>(cell.value);
    }
  }
  ++rows_;
}

std::string Frame::csv() const {
  std::string csv;
  auto separator = [&](size_t column) { return column + 1 == columns_.size() ? '\n' : ','; };
  for (size_t c = 0; c < columns_.size(); ++c) (csv += quoted(columns_[c].name)) += separator(c);
  for (size_t row = 0; row < rows_; ++row) {
    for (size_t c = 0; c < columns_.size(); ++c) {
      const Column& column = columns_[c];
      if (row < column.there.size() && column.there[row])
        csv += column.text ? quoted(column.texts[row]) : std::to_string(column.numbers[row]);
      csv += separator(c);
    }
  }
  return csv;
}

}  // namespace simsched

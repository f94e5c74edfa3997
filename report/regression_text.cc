// A comparison of results for people, for pull requests and for machines.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/markup.h"
#include "report/format.h"
#include "report/regression.h"
#include "report/table.h"

namespace simsched {
namespace {

struct ChangeText {
  const char* word;
  Style style;
};

ChangeText text_of(Change change) {
  switch (change) {
    case Change::kSame:
      return {"same", Style::kDim};
    case Change::kWithin:
      return {"ok", Style::kPlain};
    case Change::kBetter:
      return {"better", Style::kGood};
    case Change::kUncertain:
      return {"uncertain", Style::kPlain};
    case Change::kWorse:
      return {"WORSE", Style::kBad};
    case Change::kUnknown:
      break;
  }
  return {"-", Style::kDim};
}

std::string value_text(double value, const Regression& row) {
  const Metric* known = find_metric(row.tolerance.metric);
  if (row.change == Change::kUnknown) return "-";
  if (known != nullptr) return format_value(value, known->unit);
  return row.tolerance.metric.find("_ns") != std::string::npos ? format_ns(value) : format_count(value);
}

std::string difference_text(const Regression& row) {
  if (!row.percent) return row.base == row.now ? "" : "from 0";
  return difference_text(*row.percent);
}

std::string tolerance_text(const Regression& row) {
  std::string text = fmt::format("{:.4g} %", 100 * row.tolerance.relative);
  if (row.tolerance.absolute > 0) text += " or " + value_text(row.tolerance.absolute, row);
  return text;
}

size_t count(const RegressionReport& report, Change change) {
  return static_cast<size_t>(std::count_if(report.rows.begin(), report.rows.end(),
                                           [&](const Regression& row) { return row.change == change; }));
}

// Figures that are the same in every run need no line of a text that people read.
bool worth_a_line(const Regression& row) { return row.change != Change::kSame && row.change != Change::kUnknown; }

std::string lines(const std::vector<std::string>& list, const std::string& before) {
  std::string text;
  for (const std::string& line : list) text += before + line + "\n";
  return text;
}

// In a cell of a Markdown table a bar ends the cell.
std::string in_cell(std::string text) {
  for (size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2) text.insert(at, "\\");
  return text;
}

}  // namespace

std::string regression_summary(const RegressionReport& report) {
  const size_t worse = count(report, Change::kWorse);
  if (report.regressed()) {
    std::string text = fmt::format("{} of {} figures are worse", worse, report.rows.size());
    if (!report.broken.empty()) text += fmt::format(", {} runs are gone or failed", report.broken.size());
    return text;
  }
  if (count(report, Change::kSame) == report.rows.size())
    return fmt::format("no regression: all {} figures are the same", report.rows.size());
  return fmt::format("no regression: of {} figures {} are the same, {} within tolerance, {} better, {} uncertain",
                     report.rows.size(), count(report, Change::kSame), count(report, Change::kWithin),
                     count(report, Change::kBetter), count(report, Change::kUncertain));
}

std::string regression_table(const RegressionReport& report, const Look& look) {
  std::string text;
  std::string machine;
  Table table;
  bool any = false;
  auto flush = [&] {
    if (any) text += (text.empty() ? "" : "\n") + machine + "\n\n" + table.str(look);
    table = Table();
    for (const char* heading : {"policy", "metric"}) table.add_column(heading, Align::kLeft);
    for (const char* heading : {"base", "new", "difference", "allowed"}) table.add_column(heading);
    table.add_column("", Align::kLeft);
    any = false;
  };
  for (const Regression& row : report.rows) {
    if (row.machine != machine) {
      flush();
      machine = row.machine;
    }
    if (!worth_a_line(row)) continue;
    const ChangeText change = text_of(row.change);
    table.add_row({row.policy, row.tolerance.metric, value_text(row.base, row), value_text(row.now, row),
                   difference_text(row), tolerance_text(row), Cell(change.word, change.style)});
    any = true;
  }
  flush();
  if (!text.empty()) text += "\n";
  return text + lines(report.broken, "FAILED  ") + lines(report.notes, "note    ");
}

std::string regression_markdown(const RegressionReport& report) {
  std::string text =
      fmt::format("### {} {}\n", report.regressed() ? "❌" : "✅", "simsched: " + regression_summary(report));
  if (!report.broken.empty()) text += "\n" + lines(report.broken, "- **failed**: ");
  const bool any = std::any_of(report.rows.begin(), report.rows.end(), worth_a_line);
  if (any)
    text +=
        "\n| machine | policy | metric | base | new | difference | allowed | |\n|---|---|---|--:|--:|--:|--:|---|\n";
  for (const Regression& row : report.rows) {
    if (!worth_a_line(row)) continue;
    const std::string word = text_of(row.change).word;
    text += fmt::format("| {} | {} | `{}` | {} | {} | {} | {} | {} |\n", in_cell(row.machine), in_cell(row.policy),
                        row.tolerance.metric, value_text(row.base, row), value_text(row.now, row), difference_text(row),
                        tolerance_text(row), row.change == Change::kWorse ? "**" + word + "**" : word);
  }
  if (!report.notes.empty()) text += "\n" + lines(report.notes, "- ");
  return text;
}

std::string regression_junit(const RegressionReport& report) {
  const size_t failed = count(report, Change::kWorse) + report.broken.size();
  std::string text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
  text += fmt::format("<testsuites name=\"simsched\" tests=\"{}\" failures=\"{}\">\n",
                      report.rows.size() + report.broken.size(), failed);
  for (size_t from = 0; from < report.rows.size();) {
    size_t to = from, worse = 0;
    for (; to < report.rows.size() && report.rows[to].machine == report.rows[from].machine; ++to)
      worse += report.rows[to].change == Change::kWorse;
    text += fmt::format("  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\">\n",
                        markup_escaped(report.rows[from].machine), to - from, worse);
    for (; from < to; ++from) {
      const Regression& row = report.rows[from];
      text += fmt::format("    <testcase classname=\"{}.{}\" name=\"{}\"", markup_escaped(row.machine),
                          markup_escaped(row.policy), markup_escaped(row.tolerance.metric));
      const std::string figures = value_text(row.base, row) + " became " + value_text(row.now, row) + " (" +
                                  difference_text(row) + ", allowed " + tolerance_text(row) + ")";
      if (row.change == Change::kWorse)
        text += "><failure message=\"" + markup_escaped(figures) + "\"/></testcase>\n";
      else if (row.change == Change::kUnknown)
        text += "><skipped/></testcase>\n";
      else
        text += "/>\n";
    }
    text += "  </testsuite>\n";
  }
  if (!report.broken.empty()) {
    text += fmt::format("  <testsuite name=\"runs\" tests=\"{0}\" failures=\"{0}\">\n", report.broken.size());
    for (const std::string& line : report.broken)
      text += fmt::format("    <testcase classname=\"runs\" name=\"{0}\"><failure message=\"{0}\"/></testcase>\n",
                          markup_escaped(line));
    text += "  </testsuite>\n";
  }
  return text + "</testsuites>\n";
}

std::string regression_json(const RegressionReport& report) {
  using Json = nlohmann::ordered_json;
  Json json = {{"schema", "simsched-compare/1"},
               {"regressed", report.regressed()},
               {"broken", report.broken},
               {"notes", report.notes},
               {"figures", Json::array()}};
  for (const Regression& row : report.rows) {
    Json figure = {{"machine", row.machine},
                   {"policy", row.policy},
                   {"metric", row.tolerance.metric},
                   {"verdict", text_of(row.change).word},
                   {"base", row.base},
                   {"new", row.now},
                   {"difference_percent", nullptr},
                   {"half_width_percent", nullptr},
                   {"allowed_relative", row.tolerance.relative},
                   {"allowed_absolute", row.tolerance.absolute}};
    if (row.percent) figure["difference_percent"] = row.percent->mean;
    if (row.percent && row.percent->half_width) figure["half_width_percent"] = *row.percent->half_width;
    json["figures"].push_back(std::move(figure));
  }
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace simsched

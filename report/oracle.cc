#include "report/oracle.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "report/format.h"
#include "report/table.h"

namespace simsched {
namespace {

std::string text_of(double value, OracleRow::Unit unit) {
  switch (unit) {
    case OracleRow::Unit::kPercent:
      return fmt::format("{:.0f} %", value);
    case OracleRow::Unit::kCount:
      return format_count(value);
    case OracleRow::Unit::kNanos:
      return format_ns(value);
  }
  return {};
}

const char* unit_name(OracleRow::Unit unit) {
  return unit == OracleRow::Unit::kPercent ? "percent" : unit == OracleRow::Unit::kCount ? "count" : "ns";
}

}  // namespace

std::string oracle_table(const OracleResult& result, const Look& look) {
  Table table;
  for (const char* heading : {"load", "figure"}) table.add_column(heading, Align::kLeft);
  for (const char* heading : {"kernel", "simulation"}) table.add_column(heading);
  table.add_column("", Align::kLeft);
  size_t rows = 0, outside = 0;
  for (const OracleResult::Load& load : result.loads) {
    std::string name = load.name;
    for (const OracleRow& row : load.rows) {
      const std::string low = text_of(row.kernel_low, row.unit), high = text_of(row.kernel_high, row.unit);
      table.add_row({name, row.name, low == high ? low : low + " to " + high, text_of(row.simulated, row.unit),
                     row.ok ? Cell("ok", Style::kGood) : Cell("outside", Style::kBad)});
      name.clear();
      ++rows;
      outside += !row.ok;
    }
  }
  return fmt::format("{}, kernel {}:\n{}{} of {} figures are outside\n", result.shape, result.release, table.str(look),
                     outside, rows);
}

std::string oracle_json(const OracleResult& result) {
  nlohmann::ordered_json json{{"shape", result.shape},
                              {"kernel", result.release},
                              {"domains", result.domains},
                              {"ok", result.ok()},
                              {"loads", nlohmann::ordered_json::array()}};
  for (const OracleResult::Load& load : result.loads) {
    nlohmann::ordered_json rows = nlohmann::ordered_json::array();
    for (const OracleRow& row : load.rows)
      rows.push_back({{"name", row.name},
                      {"unit", unit_name(row.unit)},
                      {"kernel_low", row.kernel_low},
                      {"kernel_high", row.kernel_high},
                      {"simulated", row.simulated},
                      {"tolerance", row.tolerance},
                      {"ok", row.ok}});
    json["loads"].push_back({{"name", load.name}, {"summary", load.summary}, {"rows", rows}});
  }
  return json.dump(2) + "\n";
}

}  // namespace simsched

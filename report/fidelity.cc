#include "report/fidelity.h"

#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "report/format.h"
#include "report/table.h"

namespace simsched {
namespace {

std::string formatted(const std::string& name, int64_t value) {
  bool time = name.find("_ns") != std::string::npos;
  return time ? format_ns(static_cast<double>(value)) : format_count(static_cast<double>(value));
}

}  // namespace

std::string fidelity_table(const Fidelity& fidelity, bool colour) {
  Table table;
  table.add_column("metric", Align::kLeft);
  for (const char* heading : {"recorded", "simulated", "min", "max", "error", "tolerance"}) table.add_column(heading);
  table.add_column("ok", Align::kLeft);
  for (const FidelityMetric& metric : fidelity.metrics()) {
    auto text = [&](int64_t value) { return formatted(metric.name, value); };
    Cell verdict = !metric.tolerance ? Cell("") : metric.ok() ? Cell("yes", Style::kGood) : Cell("NO", Style::kBad);
    table.add_row({metric.name, text(metric.recorded), text(metric.simulated), text(metric.low), text(metric.high),
                   format_percent(metric.error() * 100),
                   metric.tolerance ? fmt::format("{:.0f}%", *metric.tolerance * 100) : "", verdict});
  }
  return table.str(colour);
}

std::string fidelity_json(const Fidelity& fidelity, const std::string& trace, const std::string& policy) {
  nlohmann::ordered_json json;
  json["schema"] = "simsched-validate/1";
  json["trace"] = std::filesystem::path(trace).filename().string();
  json["policy"] = policy;
  json["seeds"] = fidelity.seeds();
  json["ok"] = fidelity.ok();
  json["metrics"] = nlohmann::ordered_json::array();
  for (const FidelityMetric& metric : fidelity.metrics()) {
    nlohmann::ordered_json entry;
    entry["name"] = metric.name;
    entry["recorded"] = metric.recorded;
    entry["simulated"] = metric.simulated;
    // Six decimals: the same text from any compiler.
    entry["error"] = std::round(metric.error() * 1e6) / 1e6;
    entry["tolerance"] = metric.tolerance ? nlohmann::ordered_json(*metric.tolerance) : nlohmann::ordered_json(nullptr);
    entry["ok"] = metric.ok();
    entry["min"] = metric.low;
    entry["max"] = metric.high;
    json["metrics"].push_back(std::move(entry));
  }
  return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace simsched

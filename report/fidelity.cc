#include "report/fidelity.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "report/format.h"
#include "report/table.h"

namespace simsched {
namespace {

constexpr int64_t kWhole = 90;  // percent of the recording that a replay should reach
constexpr size_t kNamedMetrics = 3;

std::string unit_of(const std::string& name) {
  if (name.find("_ns") != std::string::npos) return "ns";
  return name.ends_with("_ppm") ? "ppm" : "count";
}

std::string formatted(const FidelityMetric& metric, int64_t value) {
  return format_value(static_cast<double>(value), unit_of(metric.name));
}

std::string range(const FidelityMetric& metric) {
  const std::string low = formatted(metric, metric.recorded_min), high = formatted(metric, metric.recorded_max);
  return metric.recorded_min == metric.recorded_max ? low : low + " - " + high;
}

std::string tolerance_text(const FidelityMetric& metric) {
  if (!metric.tolerance) return "";
  std::string text = fmt::format("{:.0f}%", metric.limit() * 100);
  if (!metric.tolerance->is_share && metric.tolerance->absolute > 0)
    text += " or " + formatted(metric, metric.tolerance->absolute);
  return text;
}

Style style_of(Verdict verdict) {
  return verdict == Verdict::kOk ? Style::kGood : verdict == Verdict::kOutside ? Style::kBad : Style::kDim;
}

bool incomplete(const Fidelity& fidelity) { return fidelity.replayed() * 100 < fidelity.recorded() * kWhole; }

std::string time_text(Nanos time) { return format_ns(static_cast<double>(time.count())); }

// Six decimals: the same text from any compiler.
double rounded(double value) { return std::round(value * 1e6) / 1e6; }

}  // namespace

std::vector<std::string> fidelity_cells(const FidelityMetric& metric) {
  return {metric.name,
          range(metric),
          formatted(metric, metric.simulated),
          formatted(metric, metric.low),
          formatted(metric, metric.high),
          format_percent(metric.error() * 100),
          tolerance_text(metric)};
}

std::string fidelity_table(const Fidelity& fidelity, const Look& look) {
  Table table;
  for (const char* heading : kFidelityColumns)
    table.add_column(heading, heading == kFidelityColumns[0] ? Align::kLeft : Align::kRight);
  table.add_column("ok", Align::kLeft);
  for (const FidelityMetric& metric : fidelity.metrics()) {
    const Verdict verdict = metric.verdict();
    std::vector<Cell> row;
    for (std::string& cell : fidelity_cells(metric)) row.emplace_back(std::move(cell));
    row.emplace_back(verdict_name(verdict), style_of(verdict));
    table.add_row(std::move(row));
  }
  return table.str(look);
}

std::string fidelity_summary(const Fidelity& fidelity, const std::vector<Diagnosis>& diagnoses) {
  std::string text = fmt::format("{}: replayed {} of {}\n", fidelity.ok() ? "within tolerance" : "outside tolerance",
                                 time_text(fidelity.replayed()), time_text(fidelity.recorded()));
  if (incomplete(fidelity)) text += "warning     the replay ends early: the figures are of the part that it reached\n";
  if (const size_t count = fidelity.count(Verdict::kUndetermined); count > 0) {
    text += fmt::format("undetermined: {} metric{}, whose seeds differ by more than half of their median\n", count,
                        count == 1 ? "" : "s");
  }
  const std::vector<const FidelityMetric*> outside = fidelity.outside();
  for (size_t i = 0; i < std::min(outside.size(), kNamedMetrics); ++i) {
    const FidelityMetric& metric = *outside[i];
    text += fmt::format("{}{}: {} simulated, {} recorded\n", i == 0 ? "differs most  " : "              ", metric.name,
                        formatted(metric, metric.simulated), range(metric));
  }
  for (const Diagnosis& diagnosis : diagnoses)
    text += fmt::format("likely        {}\n  what to do  {}\n", diagnosis.reason, diagnosis.remedy);
  return text;
}

std::string fidelity_json(const Fidelity& fidelity, const std::vector<Diagnosis>& diagnoses,
                          const std::vector<std::string>& traces, const std::string& policy) {
  using Json = nlohmann::ordered_json;
  auto name_of = [](const std::string& path) { return std::filesystem::path(path).filename().string(); };
  Json json;
  json["schema"] = "simsched-validate/1";
  json["trace"] = name_of(traces.front());
  json["traces"] = Json::array();
  for (const std::string& trace : traces) json["traces"].push_back(name_of(trace));
  json["policy"] = policy;
  json["seeds"] = fidelity.seeds();
  json["ok"] = fidelity.ok();
  json["undetermined"] = fidelity.count(Verdict::kUndetermined);
  json["recorded_ns"] = fidelity.recorded().count();
  json["replayed_ns"] = fidelity.replayed().count();
  json["metrics"] = Json::array();
  for (const FidelityMetric& metric : fidelity.metrics()) {
    Json entry;
    const Verdict verdict = metric.verdict();
    entry["name"] = metric.name;
    entry["recorded"] = metric.recorded;
    entry["simulated"] = metric.simulated;
    entry["error"] = rounded(metric.error());
    entry["tolerance"] = metric.tolerance ? Json(metric.limit()) : Json(nullptr);
    entry["ok"] = verdict == Verdict::kOk || verdict == Verdict::kNone;
    entry["verdict"] = verdict_name(verdict);
    entry["recorded_min"] = metric.recorded_min;
    entry["recorded_max"] = metric.recorded_max;
    entry["min"] = metric.low;
    entry["max"] = metric.high;
    if (metric.tolerance && !metric.tolerance->is_share) entry["tolerance_absolute"] = metric.tolerance->absolute;
    json["metrics"].push_back(std::move(entry));
  }
  json["likely"] = Json::array();
  for (const Diagnosis& diagnosis : diagnoses)
    json["likely"].push_back({{"reason", diagnosis.reason}, {"do", diagnosis.remedy}});
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace simsched

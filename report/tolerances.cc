#include "report/tolerances.h"

#include <charconv>

#include "base/duration.h"
#include "base/error.h"
#include "base/yaml/yaml_map.h"

namespace simsched {
namespace {

constexpr const char* kExample =
    "write it as metrics: {makespan_ns: 1%, wake_latency_ns_p99: {relative: 15%, absolute: 200us}}";
constexpr double kMost = 1e18;

bool is_number(std::string_view text, double* value) {
  auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), *value, std::chars_format::fixed);
  return failed == std::errc() && end == text.data() + text.size() && *value >= 0 && *value <= kMost;
}

double read_share(const YAML::Node& node, const std::string& file, const std::string& what) {
  const std::string text = yaml_text(node, file, what);
  double percent = 0;
  if (!text.ends_with('%') || !is_number(std::string_view(text).substr(0, text.size() - 1), &percent))
    throw Error(yaml_where(node, file), what + " is '" + text + "'", "write a share in percent, like 1.5%");
  return percent / 100;
}

// A plain number, or a duration for a metric in nanoseconds.
double read_absolute(const YAML::Node& node, const std::string& file, const std::string& metric) {
  const std::string text = yaml_text(node, file, "absolute");
  double value = 0;
  if (is_number(text, &value)) return value;
  const std::optional<Nanos> time = parse_duration(text);
  if (time && metric.find("_ns") != std::string::npos) return static_cast<double>(time->count());
  throw Error(yaml_where(node, file), "absolute is '" + text + "'",
              "write a number in the metric's unit, or 200us for one in nanoseconds");
}

Tolerance read_tolerance(const std::string& metric, const YAML::Node& node, const std::string& file) {
  if (node.IsScalar()) return {metric, read_share(node, file, metric), 0};
  const YamlMap map(node, file, "a tolerance", {"relative", "absolute"});
  Tolerance tolerance{metric, 0, 0};
  if (map.has("relative")) tolerance.relative = read_share(map.at("relative"), file, "relative");
  if (map.has("absolute")) tolerance.absolute = read_absolute(map.at("absolute"), file, metric);
  return tolerance;
}

}  // namespace

std::vector<Tolerance> default_tolerances() {
  return {{"makespan_ns", 0.02, 0},
          {"context_switches", 0.05, 10},
          {"migrations", 0.05, 10},
          {"wake_latency_ns_p50", 0.10, 1000},
          {"wake_latency_ns_p99", 0.10, 1000}};
}

std::vector<Tolerance> read_tolerances(const std::string& text, const std::string& file) {
  return read_yaml(text, file, kExample, [&](const YAML::Node& root) {
    const YamlMap map(root, file, "tolerances", {"metrics"});
    const YAML::Node list = map.has("metrics") ? map.at("metrics") : YAML::Node();
    if (!list.IsMap() || list.size() == 0) throw Error(map.where(), "has no metrics", kExample);
    std::vector<Tolerance> tolerances;
    for (const auto& entry : list) {
      const std::string metric = yaml_text(entry.first, file, "a metric");
      for (const Tolerance& other : tolerances)
        if (other.metric == metric)
          throw Error(yaml_where(entry.first, file), "'" + metric + "' is there twice", "keep one of them");
      tolerances.push_back(read_tolerance(metric, entry.second, file));
    }
    return tolerances;
  });
}

}  // namespace simsched

#include "experiment/reference.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/error.h"
#include "base/suggest.h"
#include "experiment/metric_name.h"

namespace simsched {
namespace {

constexpr double kSmallest = 0.001, kLargest = 1000;  // what three decimals show
constexpr const char* kExample =
    "write it as {source: \"who, where\", ratios: [{policy: cfs, against: eevdf, metric: makespan_ns, ratio: 1.02}]}";

std::string policy_label(const YamlMap& map, const std::string& key, std::span<const PolicyConfig> policies) {
  std::string label = map.text(key);
  std::vector<std::string> labels;
  for (const PolicyConfig& policy : policies) labels.push_back(policy.label);
  if (std::find(labels.begin(), labels.end(), label) != labels.end()) return label;
  throw Error(map.where(key), "no policy of this experiment is called '" + label + "'", suggest(label, labels));
}

double read_ratio(const YamlMap& map) {
  const std::string text = map.text("ratio");
  double value = 0;
  auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (failed != std::errc() || end != text.data() + text.size() || !(value >= kSmallest && value <= kLargest))
    throw Error(map.where("ratio"), "ratio is '" + text + "'", "take one from 0.001 to 1000, as 0.961");
  return value;
}

Reference read_reference(const YAML::Node& node, const std::string& file, std::span<const PolicyConfig> policies) {
  const YamlMap map(node, file, "a reference", {"source", "ratios"});
  Reference reference;
  if (map.has("source")) reference.source = map.text("source");
  if (reference.source.empty()) throw Error(map.where("source"), "a reference without a source", kExample);
  const YAML::Node list = map.has("ratios") ? map.at("ratios") : YAML::Node();
  if (!list.IsSequence() || list.size() == 0) throw Error(map.where("ratios"), "ratios is not a list", kExample);
  for (const YAML::Node& entry : list) {
    const std::vector<std::string> keys = {"policy", "against", "metric", "ratio"};
    const YamlMap row(entry, file, "a published ratio", keys);
    for (const std::string& key : keys)
      if (!row.has(key)) throw Error(row.where(), "'" + key + "' is missing", kExample);
    reference.ratios.push_back({metric_name(row.at("metric"), file), policy_label(row, "policy", policies),
                                policy_label(row, "against", policies), read_ratio(row)});
  }
  return reference;
}

}  // namespace

std::vector<Reference> read_references(const YamlMap& config, std::span<const PolicyConfig> policies) {
  std::vector<Reference> references;
  const YAML::Node node = config.at("reference");
  if (!node.IsSequence()) return {read_reference(node, config.file(), policies)};
  for (const YAML::Node& entry : node) references.push_back(read_reference(entry, config.file(), policies));
  if (references.empty()) throw Error(config.where("reference"), "reference is empty", kExample);
  return references;
}

}  // namespace simsched

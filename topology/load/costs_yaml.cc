#include "topology/load/costs_yaml.h"

#include <yaml-cpp/yaml.h>

#include <filesystem>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "topology/load/cost_fields.h"
#include "topology/load/machine_keys.h"

namespace simsched {
namespace {

// One number, or the five quantiles in ascending order.
Spread read_spread(const YAML::Node& node, const std::string& file, const std::string& key) {
  if (!node.IsSequence()) return Nanos(yaml_integer(node, file, key, 0, kLongestCost));
  Spread spread;
  if (node.size() != spread.quantiles.size())
    throw Error(yaml_where(node, file), key + " is a list of " + std::to_string(node.size()),
                "write one number, or five quantiles: [min, p25, p50, p75, max]");
  for (size_t i = 0; i < node.size(); ++i) {
    spread.quantiles[i] = Nanos(yaml_integer(node[i], file, key, 0, kLongestCost));
    if (i > 0 && spread.quantiles[i] < spread.quantiles[i - 1])
      throw Error(yaml_where(node[i], file), "the quantiles of " + key + " are not in ascending order", "sort them");
  }
  return spread;
}

void read_table(const YAML::Node& node, const std::string& file, Costs& costs) {
  YamlMap given(node, file, "costs", names_of(cost_keys()));
  for (const CostField& cost : kCostFields)
    costs.*cost.field = Nanos(given.integer_or(cost.key, 0, kLongestCost, (costs.*cost.field).count()));
  for (const SpreadField& cost : kSpreadFields)
    if (given.has(cost.key)) costs.*cost.field = read_spread(given.at(cost.key), file, cost.key);
}

}  // namespace

void read_costs(const YamlMap& map, MachineSpec& spec) {
  const YAML::Node node = map.at("costs");
  if (!node.IsScalar()) return read_table(node, map.file(), spec.costs);
  const std::filesystem::path path = std::filesystem::path(map.file()).parent_path() / node.Scalar();
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored))
    throw Error(map.where("costs"), "costs is '" + node.Scalar() + "', which is no mapping and no file",
                "write them like {stopper_ns: 5000}, or name what 'simsched calibrate' wrote");
  read_costs_file(path.string(), spec);
}

void read_costs_file(const std::string& path, MachineSpec& spec) {
  const std::string text(read_file(path).text());
  read_yaml(text, path, "write it anew with: simsched calibrate", [&](const YAML::Node& root) {
    const YamlMap map(root, path, "a costs file", {"costs", "smt_share"});
    if (map.has("costs")) read_table(map.at("costs"), path, spec.costs);
    if (map.has("smt_share")) spec.smt_share = static_cast<int32_t>(map.integer("smt_share", 1, kCapacityScale));
  });
}

}  // namespace simsched

#include "ml/search/draws.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/yaml/yaml_amount.h"
#include "ml/search/exact_math.h"

namespace simsched::search {
namespace {

// Aliases may make as much as they like of little.
constexpr int kDeepest = 32;
constexpr size_t kMostNodes = 20000;

int64_t draw_between(int64_t low, int64_t high, bool log, Rng& rng) {
  if (!log) return rng.between(low, high);
  const double ratio = (static_cast<double>(high) + 1) / static_cast<double>(low);
  const double value = static_cast<double>(low) * exp(uniform(rng) * exact_log(ratio));
  return std::clamp(static_cast<int64_t>(value), low, high);
}

YAML::Node draw_range(const YAML::Node& node, const std::string& file, Rng& rng, std::optional<size_t> cpus) {
  const YamlMap map(node, file, "a draw", {"from", "to", "log", "of"});
  const auto [from, to] = read_amounts(map, "a draw");
  const bool log = map.has("log") && map.boolean("log");
  if (log && from.number == 0) throw Error(map.where("from"), "a draw of ratios begins at 0", "begin at 1");
  const int64_t value = draw_between(from.number, to.number, log, rng);
  if (!map.has("of")) return YAML::Node(std::to_string(value) + from.unit);

  if (map.text("of") != "cpus" || from.unit != "%")
    throw Error(map.where("of"), "a draw of a share", "write it as {from: 50%, to: 200%, of: cpus}");
  if (!cpus) throw Error(map.where("of"), "a machine is drawn by its own CPUs", "leave 'of' out");
  if (to.number > 100000) throw Error(map.where("to"), "a share of " + map.text("to"), "take at most 100000%");
  const int64_t share = (static_cast<int64_t>(*cpus) * value + 50) / 100;
  return YAML::Node(std::to_string(std::max<int64_t>(share, 1)));
}

struct Drawing {
  const std::string& file;
  Rng& rng;
  std::optional<size_t> cpus;
  size_t nodes = 0;

  YAML::Node draw(const YAML::Node& node, int depth) {
    if (depth > kDeepest || ++nodes > kMostNodes)
      throw Error(yaml_where(node, file), "lists and maps are too many, or too deep in each other", "flatten them");
    if (node.IsMap() && node.size() == 1 && node["any"].IsDefined()) {
      const YAML::Node choices = node["any"];
      if (!choices.IsSequence() || choices.size() == 0)
        throw Error(yaml_where(node, file), "'any' is not a list", "write {any: [1, 2, 4]}");
      return draw(choices[rng.below(choices.size())], depth + 1);
    }
    if (node.IsMap() && (node["from"].IsDefined() || node["to"].IsDefined())) return draw_range(node, file, rng, cpus);
    if (node.IsMap()) {
      YAML::Node map(YAML::NodeType::Map);
      for (const auto& entry : node) map.force_insert(entry.first, draw(entry.second, depth + 1));
      return map;
    }
    if (node.IsSequence()) {
      YAML::Node list(YAML::NodeType::Sequence);
      for (const YAML::Node& item : node) list.push_back(draw(item, depth + 1));
      return list;
    }
    return node;
  }
};

}  // namespace

YAML::Node drawn(const YAML::Node& node, const std::string& file, Rng& rng, std::optional<size_t> cpus) {
  return Drawing{file, rng, cpus}.draw(node, 0);
}

}  // namespace simsched::search

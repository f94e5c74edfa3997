#include "base/yaml/yaml_tunables.h"

#include <set>

namespace simsched {
namespace {

constexpr size_t kMostValues = 100'000;

class Reader {
 public:
  Reader(const std::string& file, int deepest) : file_(file), deepest_(deepest) {}

  Tunables map(const YAML::Node& map, const std::string& group, int depth) {
    Tunables tunables;
    std::set<std::string> seen;
    for (const auto& entry : map) {
      const std::string where = yaml_where(entry.first, file_);
      if (!entry.first.IsScalar()) throw Error(where, "the name of a tunable is not text", "write NAME: VALUE");
      const std::string key = entry.first.Scalar();
      if (!seen.insert(key).second) throw Error(where, "'" + group + key + "' is given twice", "keep one");
      tunables.push_back({key, value(entry.second, group + key, depth), where});
    }
    return tunables;
  }

 private:
  TunableValue value(const YAML::Node& node, const std::string& key, int depth) {
    if (++values_ > kMostValues) {
      throw Error(yaml_where(node, file_), "'" + key + "' has more than " + std::to_string(kMostValues) + " values",
                  "set so many in the policy's source");
    }
    if ((node.IsMap() || node.IsSequence()) && depth < deepest_) {
      if (node.IsMap()) return TunableValue(map(node, key + ".", depth + 1));
      TunableValue::List items;
      for (const YAML::Node& entry : node) items.push_back(value(entry, key, depth + 1));
      return TunableValue(std::move(items));
    }
    return yaml_text(node, file_, key);
  }

  const std::string& file_;
  const int deepest_;
  size_t values_ = 0;
};

}  // namespace

Tunables yaml_tunables(const YAML::Node& map, const std::string& file, int deepest) {
  return Reader(file, deepest).map(map, "", 0);
}

}  // namespace simsched

#include "base/yaml/config_key.h"

#include <algorithm>

#include "base/error.h"

namespace simsched {

std::vector<std::string> names_of(ConfigKeys keys) {
  std::vector<std::string> names;
  for (const ConfigKey& key : keys) names.emplace_back(key.name);
  return names;
}

int64_t integer_of(const YamlMap& map, ConfigKeys keys, const std::string& name) {
  const auto key = std::ranges::find(keys, name, &ConfigKey::name);
  SIMSCHED_CHECK(key != keys.end() && key->kind == ConfigKey::Kind::kInteger, "the table has it");
  return map.integer(name, key->low, key->high);
}

int64_t integer_or(const YamlMap& map, ConfigKeys keys, const std::string& name, int64_t otherwise) {
  return map.has(name) ? integer_of(map, keys, name) : otherwise;
}

}  // namespace simsched

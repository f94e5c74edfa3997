#include "base/yaml/yaml_values.h"

#include "base/duration.h"
#include "base/error.h"

namespace simsched {

CpuSet yaml_cpu_list(const YAML::Node& node, const std::string& file, const std::string& what) {
  const std::string list = yaml_text(node, file, what);
  try {
    return CpuSet::parse(list);
  } catch (const Error& error) {
    throw Error(yaml_where(node, file), error.problem(), error.remedy());
  }
}

CpuSet yaml_cpus(const YAML::Node& node, const std::string& file, const std::string& what) {
  CpuSet cpus = yaml_cpu_list(node, file, what);
  if (cpus.empty()) throw Error(yaml_where(node, file), what + " is empty", "list them like 0-3,8");
  return cpus;
}

Nanos yaml_duration(const YamlMap& map, const std::string& key, Nanos low, Nanos high) {
  return read_duration(map.text(key), key, low, high, map.where(key));
}

}  // namespace simsched

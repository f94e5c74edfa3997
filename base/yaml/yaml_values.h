// What configs write as text: lists of CPUs, and durations with a unit. All throw Error with file and line.
#pragma once

#include <string>

#include "base/cpu_set.h"
#include "base/units.h"
#include "base/yaml/yaml_map.h"

namespace simsched {

// As in /sys: "0-3,8"; it may be empty.
CpuSet yaml_cpu_list(const YAML::Node& node, const std::string& file, const std::string& what);

// The same, of one CPU at least.
CpuSet yaml_cpus(const YAML::Node& node, const std::string& file, const std::string& what);

// In [low, high].
Nanos yaml_duration(const YamlMap& map, const std::string& key, Nanos low, Nanos high);

}  // namespace simsched

// A metric, as a config names it.
#pragma once

#include <yaml-cpp/yaml.h>

#include <string>

namespace simsched {

// Throws Error with file and line for one that sim/metric_table.h does not know.
std::string metric_name(const YAML::Node& node, const std::string& file);

}  // namespace simsched

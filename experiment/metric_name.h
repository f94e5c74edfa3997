// A metric, as a config names it.
#pragma once

#include <yaml-cpp/yaml.h>

#include <string>

namespace simsched {

// Throws Error with file and line for one that is no row of sim/metric_table.h.
std::string metric_name(const YAML::Node& node, const std::string& file);

}  // namespace simsched

// Where machines come from. Every function throws Error with file and line for bad input.
#pragma once

#include <string>
#include <vector>

#include "topology/machine.h"

namespace YAML {
class Node;
}

namespace simsched {

// A preset name, "host", or the path of a .yaml or hwloc .xml file.
Machine load_machine(const std::string& name_or_path);

// The `machine:` value of a config: a scalar as above, or {preset: NAME, ...overrides}.
// `file` is the config's own path, for messages and for paths relative to it.
Machine load_machine(const YAML::Node& node, const std::string& file);

Machine machine_from_host();  // this machine, through hwloc
Machine machine_from_hwloc_xml(const std::string& path);
std::vector<std::string> preset_names();

}  // namespace simsched

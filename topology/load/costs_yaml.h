// The `costs:` of a machine file, and files that have nothing else: what `simsched calibrate` writes.
#pragma once

#include <string>

#include "base/yaml/yaml_map.h"
#include "topology/machine.h"

namespace simsched {

// `costs` of a machine file: a mapping, or the path of a costs file, relative to the machine file.
void read_costs(const YamlMap& map, MachineSpec& spec);

// A costs file: `costs`, and `smt_share` where that was measured, in place of the machine's own.
void read_costs_file(const std::string& path, MachineSpec& spec);

}  // namespace simsched

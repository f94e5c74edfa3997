// `power_limit:` and `thermal:` of a machine file.
#pragma once

#include "base/yaml/yaml_map.h"
#include "topology/machine.h"

namespace simsched {

// What is given replaces what `spec` has. Throws Error with file and line for what is no number; whether they fit
// together, Machine checks.
void read_power(const YamlMap& machine, MachineSpec& spec);

}  // namespace simsched

// The core types of a machine file: what its `core_types:` says, and which CPUs are of which.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/yaml/yaml_map.h"
#include "topology/machine.h"

namespace simsched {

struct CoreTypes {
  std::vector<CoreType> types;      // by CoreTypeId, as they stand in the file; empty: it names none
  std::vector<int32_t> capacities;  // by CoreTypeId: of such a core at its top frequency; 0: not given

  // A group of CPUs that names its `type`; the first for one that does not.
  CoreTypeId of(const YamlMap& group) const;
  int32_t capacity(CoreTypeId type) const {
    return types.empty() || capacities[type.index()] == 0 ? kCapacityScale : capacities[type.index()];
  }
  // The machine has them, in place of those of the same names if it has types already. `listed`: its CPUs have been
  // given theirs, and their capacities.
  void give(const YamlMap& machine, bool listed, MachineSpec& spec) const;
};

// Throws Error with file and line.
CoreTypes read_core_types(const YamlMap& machine);

}  // namespace simsched

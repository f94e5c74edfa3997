// The `memory:` of a machine file.
#pragma once

#include "base/yaml/yaml_map.h"
#include "topology/memory.h"

namespace simsched {

// The members of MemorySpec by their names; a list may be one number, which then is that of each of `nodes` or `llcs`.
// What the mapping leaves out stays as it is in `memory`. Throws Error with file and line.
void read_memory(const YamlMap& machine, size_t nodes, size_t llcs, MemorySpec& memory);

}  // namespace simsched

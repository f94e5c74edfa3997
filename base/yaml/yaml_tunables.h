// Tunables as a YAML mapping has them: text, lists and maps.
#pragma once

#include "base/tunables.h"
#include "base/yaml/yaml_map.h"

namespace simsched {

// In the mapping's order; lists and maps in it nest up to `deepest`. Throws Error for a key that is no text or given
// twice, and for what is deeper, or more, than anybody writes: aliases of YAML may make much out of nothing.
Tunables yaml_tunables(const YAML::Node& map, const std::string& file, int deepest);

}  // namespace simsched

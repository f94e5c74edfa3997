// Whole numbers with a unit that nobody needs to know: "5ms", "200%", "8".
#pragma once

#include <string>

#include "base/yaml/yaml_map.h"

namespace simsched {

struct Amount {
  int64_t number = 0;
  std::string unit;  // letters, or %
};

// From 0 to 2^52. Throws Error with file and line.
Amount read_amount(const YamlMap& map, const std::string& key);
// What `from` and `to` of a mapping say, which is called `what` in messages. Throws Error where one lacks, their units
// differ, or they are the wrong way round.
std::pair<Amount, Amount> read_amounts(const YamlMap& map, const std::string& what);

}  // namespace simsched

// JSON as json-c takes it, and as people write it: with comments (/* */ and //), commas too many, keys that stand
// several times, keys without a value.
#pragma once

#include <yaml-cpp/yaml.h>

#include <string>

namespace simsched::rtapp {

// Its nodes have their lines; entries of an object are in order, none is dropped. Throws Error with file and line.
YAML::Node parse_lenient_json(const std::string& text, const std::string& name);

}  // namespace simsched::rtapp

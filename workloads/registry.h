// Workloads by name. docs/workloads.md describes each generator and its parameters.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/yaml/config_key.h"
#include "workloads/params.h"
#include "workloads/workload.h"

namespace simsched {

struct GeneratorInfo {
  std::string name;
  std::string summary;  // one line
  std::vector<ParamInfo> params;
  bool from_file = false;         // {NAME: FILE}, without parameters
  ConfigKeys (*keys)() = nullptr;  // in place of params, of one whose parameters are no flat list
};

// The generators, for --help and for messages.
std::vector<GeneratorInfo> generator_infos();

// `params` is a YAML mapping of parameters, or null for the defaults; `file` is where it stands, for
// messages. The same seed gives the same workload. Throws Error with file and line for an unknown
// name or parameter, or a value out of range.
Workload make_workload(const std::string& name, const YAML::Node& params, const std::string& file, uint64_t seed);

}  // namespace simsched

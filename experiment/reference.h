// What others have published about an experiment: `reference:` of a config. Reports put it beside what was simulated;
// nothing else reads it.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/yaml/yaml_map.h"
#include "experiment/policy_config.h"

namespace simsched {

// A metric under one policy, as a multiple of what it is under another. Ratios carry over from machine to machine,
// seconds do not.
struct PublishedRatio {
  std::string metric;           // a row of sim/metric_table.h
  std::string policy, against;  // labels of policies
  double ratio = 0;             // for display only
};

struct Reference {
  std::string source;  // who says so, and where
  std::vector<PublishedRatio> ratios;
};

// The key `reference`: one mapping, or a list of them. Throws Error with file and line.
std::vector<Reference> read_references(const YamlMap& config, std::span<const PolicyConfig> policies);

}  // namespace simsched

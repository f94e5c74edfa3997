// The policies of an experiment file: which rows of the registry, and what is set of them.
#pragma once

#include <yaml-cpp/yaml.h>

#include <optional>
#include <string>
#include <vector>

#include "base/tunables.h"
#include "base/yaml/yaml_map.h"
#include "policies/registry.h"

namespace simsched {

struct PolicyConfig {
  const Policy* policy;  // a row of the registry, which must live as long
  std::string label;     // as shown; unique in a config
  Tunables tunables;     // paths are found already: as they are from the current folder
  std::string where;     // "file:line"

  ClassStack make(const KernelParams& kernel, const Machine& machine) const {
    return policy->make({kernel, machine, where}, tunables);
  }
  // The machine that the policy is shown, where it is another one.
  std::optional<Machine> machine(const KernelParams& kernel, const Machine& machine) const {
    return policy->machine({kernel, machine, where}, tunables);
  }
};

// The list `policies`. Throws Error with file and line.
std::vector<PolicyConfig> read_policies(const YamlMap& map, const PolicyRegistry& registry);

// One by its name, without anything set; `where` is what names it, "--policy".
PolicyConfig policy_from_name(const std::string& name, const PolicyRegistry& registry, const std::string& where);
// One by its file or folder; none where no policy knows such a file by its name.
std::optional<PolicyConfig> policy_from_file(const std::string& path, const PolicyRegistry& registry);

}  // namespace simsched

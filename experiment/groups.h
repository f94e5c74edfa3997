// `groups:` of a mix: control groups as a tree.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/cpu_set.h"
#include "base/yaml/yaml_map.h"
#include "experiment/named_cpus.h"
#include "workloads/workload.h"

namespace simsched {

// What the files of a group say: GroupSpec without the CPUs' number in a workload.
struct GroupSettings {
  GroupSpec spec;
  std::optional<CpuSet> cpus;
};

struct GroupConfig : GroupSettings {
  std::string path;  // "web/inner"
  struct Change {
    Nanos at;
    GroupSettings settings;  // all of them as they are from then on
  };
  std::vector<Change> changes;        // in the order of time
  std::vector<NamedCpus> named_cpus;  // all that it names
};

// Of a mapping that may have the key `groups`: by GroupId, less one, parents first. Throws Error with file and line.
std::vector<GroupConfig> read_groups(const YamlMap& map);

// Of one in that list, named by its path, or by its last name where only one has that; "/" is the root.
// Throws Error (where: `where`).
GroupId find_group(const std::vector<GroupConfig>& groups, const std::string& name, const std::string& where);

// To a workload that has none yet.
void add_groups(const std::vector<GroupConfig>& groups, Workload& workload);

}  // namespace simsched

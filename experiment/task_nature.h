// The `tasks:` of a config: what kind of work tasks do, by their names. What a recording cannot tell.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/yaml/yaml_map.h"
#include "workloads/workload.h"

namespace simsched {

struct TaskNature {
  std::string name;                // of the tasks that it is about, or how their names begin, then "*"
  std::optional<uint16_t> memory;  // as TaskSpec has these
  std::optional<int32_t> footprint_kib;
  std::optional<std::string> share;  // the name of a memory that all who have it use together
  std::optional<WorkClass> work_class;
  std::optional<IsaSet> isa;
  std::string where;
};

// Throws Error with file and line.
std::vector<TaskNature> read_natures(const YamlMap& config);

// To all tasks of their names; of several, the later one counts. Throws Error for a name that no task has.
void apply_natures(const std::vector<TaskNature>& natures, Workload& workload);

}  // namespace simsched

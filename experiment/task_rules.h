// The `tasks:` of a config: what a generator or a recording does not tell of tasks, or should have told otherwise.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "experiment/task_attributes.h"

namespace simsched {

struct TaskRule {
  std::string name;   // of the tasks that it is about, or how their names begin, then "*"
  bool tree = false;  // and all their descendants
  TaskAttributes attributes;
  std::string where;
};

// Of a mapping that may have the key `tasks`. Throws Error with file and line.
std::vector<TaskRule> read_task_rules(const YamlMap& config, const std::vector<GroupConfig>& groups);

// To all tasks of their names; of several, the later one counts. `memories`: that tasks share already. Throws Error for a
// name that no task has, and for memories that are not shared, not given, or not one.
void apply_task_rules(const std::vector<TaskRule>& rules, Workload& workload, std::vector<SharedMemory> memories = {});

}  // namespace simsched

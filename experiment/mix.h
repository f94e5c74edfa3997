// `workload: {mix: [...]}`: generators and recordings beside each other, each with what its tasks have in common.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "base/yaml/yaml_map.h"
#include "experiment/groups.h"
#include "experiment/task_attributes.h"
#include "workloads/workload.h"

namespace simsched {

// One entry. What is not given stays as the generator or the recording has it.
struct MixPart {      // NOLINT(bugprone-exception-escape): assigning a YAML::Node may throw
  std::string trace;  // path of a recording; empty: a generator
  Nanos limit = Nanos::max();
  std::string generator;
  YAML::Node params;
  std::string name, where;
  TaskAttributes attributes;
  Nanos start{0};
  Nanos stop = Nanos::max();  // all its tasks end then
  size_t copies = 1;
};

struct MixConfig {
  std::vector<MixPart> parts;
  std::vector<GroupConfig> groups;
};

inline bool has_trace(const MixConfig& mix) {
  return std::any_of(mix.parts.begin(), mix.parts.end(), [](const MixPart& part) { return !part.trace.empty(); });
}

// Of the value of `workload:`, which has the key `mix`. Throws Error with file and line.
MixConfig read_mix(const YAML::Node& workload, const std::string& file);

// Those that its parts name: tasks have their numbers.
std::vector<SharedMemory> shared_memories(const MixConfig& mix);

// Gives the tasks of `workload` what the part says, and adds them to `to`.
void add_part(Workload& to, Workload workload, const MixPart& part, const std::vector<SharedMemory>& memories);

// `made(part, copy)` makes a part's own workload.
template <class Make>
Workload make_mix(const MixConfig& mix, Make&& made) {
  Workload whole;
  whole.name = "mix";
  add_groups(mix.groups, whole);
  const std::vector<SharedMemory> memories = shared_memories(mix);
  for (const MixPart& part : mix.parts)
    for (size_t copy = 0; copy < part.copies; ++copy) add_part(whole, made(part, copy), part, memories);
  return whole;
}

}  // namespace simsched

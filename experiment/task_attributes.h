// What a config may say of tasks: in an entry of a mix of all that it makes, in one of `tasks:` of those that it names.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/yaml/yaml_map.h"
#include "experiment/groups.h"
#include "experiment/named_cpus.h"
#include "workloads/workload.h"

namespace simsched {

// "normal" is sidecars' word for "other".
inline constexpr const char* kTaskPolicyNames[] = {"other", "normal", "batch", "idle", "fifo", "rr", "deadline", "ext"};
inline constexpr Nanos kLatestChange = 1000000_s;

// Something else from some time on; what it names stands as in an op (workloads/program.h), CPUs as they are.
struct TaskChange {
  struct Value {
    int64_t value = 0;
    uint16_t priority = 0;
    std::optional<Reservation> reservation;
    CpuSet cpus;
  };
  Nanos at, every{0};  // every 0: once
  OpKind kind = OpKind::kSetNice;
  std::vector<Value> values;  // in turn
};

// What is not given stays as it is.
struct TaskAttributes {
  std::optional<int8_t> nice;
  std::optional<SchedPolicy> policy;
  std::optional<uint8_t> rt_priority;
  std::optional<Reservation> reservation;
  std::optional<Nanos> slice;
  std::optional<CpuSet> cpus;
  std::optional<GroupId> group;
  std::optional<uint16_t> uclamp_min, uclamp_max;
  std::optional<bool> background;
  std::optional<uint16_t> memory;  // as TaskSpec has these
  std::optional<int32_t> footprint_kib;
  std::optional<std::string> share;  // the name of a memory that all who have it use together
  std::optional<WorkClass> work_class;
  std::optional<IsaSet> isa;
  std::vector<TaskChange> changes;
  std::vector<NamedCpus> named_cpus;  // all that it names
};

// A memory of that name, and who names it first (file and line). Numbers of shares are places in a list of them, from 1.
struct SharedMemory {
  std::string name, where;
};

// Of a mapping with the task_keys() of experiment/config_keys.h. Throws Error with file and line.
TaskAttributes read_attributes(const YamlMap& map, const std::vector<GroupConfig>& groups);

// All but `share`, whose number is not known yet. Changes count from `start`.
void apply_attributes(const TaskAttributes& attributes, Workload& workload, TaskId task, Nanos start);

}  // namespace simsched

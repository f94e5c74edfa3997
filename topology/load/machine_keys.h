// The keys of a machine file, a table a mapping. docs/machines.md describes them.
#pragma once

#include "base/yaml/config_key.h"

namespace simsched {

ConfigKeys machine_keys();
ConfigKeys cpu_group_keys();  // of an entry of `cpus`
ConfigKeys core_type_keys();
ConfigKeys opp_keys();
ConfigKeys idle_state_keys();
ConfigKeys work_class_keys();  // of `class_speed` and `smt_share` of a core type
ConfigKeys memory_keys();
ConfigKeys power_limit_keys();
ConfigKeys thermal_keys();
ConfigKeys cost_keys();

constexpr const char* kSmtNumberings[] = {"adjacent", "split"};

}  // namespace simsched

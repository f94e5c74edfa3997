// The keys of an experiment file, a table a mapping.
#pragma once

#include "base/yaml/config_key.h"

namespace simsched {

ConfigKeys experiment_keys();
ConfigKeys trace_keys();  // of a workload that is a recording
ConfigKeys mix_keys();    // of one that is a mix
ConfigKeys kernel_keys();
ConfigKeys hotplug_keys();  // of a change
ConfigKeys output_keys();
ConfigKeys task_keys();    // what may be said of tasks, in an entry of a mix or of `tasks`
ConfigKeys part_keys();    // of an entry of a mix, beside those
ConfigKeys rule_keys();    // of an entry of `tasks`, beside those
ConfigKeys change_keys();  // of a change of a task
ConfigKeys group_keys();   // of a control group
ConfigKeys group_change_keys();
ConfigKeys quota_keys();  // of its `max`

}  // namespace simsched

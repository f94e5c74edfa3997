// The policies that sched_ext hosts: those in scx_port/schedulers, and whatever a file or an exported folder has.
#pragma once

#include "policies/policy.h"

namespace simsched {

// One for each row of schedulers(), and those whose first tunable is their file.
Policies scx_policies();

}  // namespace simsched

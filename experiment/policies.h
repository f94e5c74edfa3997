// All policies that come with simsched.
#pragma once

#include "policies/registry.h"

namespace simsched {

// Those in C++ and those that sched_ext hosts. Whoever has more adds them before a config is read.
PolicyRegistry all_policies();

}  // namespace simsched

// The machine a loader runs on, from sysfs: what a policy's user-space half needs of it.
#pragma once

#include <string>

#include "topology/machine.h"

namespace simsched::live {

// `sys`: where sysfs is. A CPU that is offline says nothing of itself: it counts as a core of its own beside the CPU
// before it. Throws Error when there is no such folder.
Machine host_machine(const std::string& sys = "/sys");

}  // namespace simsched::live

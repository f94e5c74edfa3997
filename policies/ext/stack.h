// Where the sched_ext class stands among the others.
#pragma once

#include <memory>

#include "policies/ext/ext_class.h"
#include "policies/registry.h"

namespace simsched::ext {

// Adds `ext` at the bottom of a default_classes() stack; with its deadline server where the kernel has one, from 7.0 on
// (ext_server_init()).
void add_class(std::unique_ptr<ExtClass> ext, const KernelParams& kernel, ClassStack* stack);

}  // namespace simsched::ext

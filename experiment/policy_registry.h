// All policies that the command knows.
#pragma once

#include "policies/registry.h"

namespace simsched {

const PolicyRegistry& policy_registry();

}  // namespace simsched

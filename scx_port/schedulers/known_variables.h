// Global variables that every loader sets, under the names that schedulers in the wild give them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "topology/machine.h"

namespace simsched {

struct KnownVariable {
  std::string name;
  uint64_t value;
  bool only_if_zero = false;  // a default of the source's own stays
};

// Numbers of CPUs, nodes and caches, SMT, the default slice.
std::vector<KnownVariable> known_variables(const Machine& machine);

}  // namespace simsched

// The core types of a machine, as text and as a machine file has them.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "topology/machine.h"

namespace simsched {

// Whether anything is known of its cores beside their capacity.
bool has_core_types(const Machine& machine);

// Which CPUs are of which type, with operating points and idle states; empty without any.
std::string core_type_table(const Machine& machine);

nlohmann::ordered_json core_types_json(const Machine& machine);

}  // namespace simsched

// A load in a kernel and in simulation as a table.
#pragma once

#include <string>

#include "experiment/side_by_side.h"

namespace simsched {

// With a heading, and with what not to believe.
std::string side_by_side_table(const SideBySide& sides);

}  // namespace simsched

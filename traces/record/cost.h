// What recording costs the recorded, measured on the spot.
#pragma once

#include "base/units.h"

namespace simsched::record {

// What a call takes, by 1-byte writes to and reads from a pipe in a grandchild: with a recorder of this process
// attached, a recorded one, whether its child is a launcher or not. Takes some 20 ms. 0: it could not be measured.
Nanos time_of_a_call();

}  // namespace simsched::record

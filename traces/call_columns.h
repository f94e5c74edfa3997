// Calls as columns of packed numbers, as the files have them that hold any.
#pragma once

#include <vector>

#include "traces/calls.h"
#include "traces/packed.h"

namespace simsched {

void write_calls(PackedWriter& out, const std::vector<TraceCall>& calls);
// Throws Error of `in`, whatever the bytes are. In order of `begin`.
std::vector<TraceCall> read_calls(PackedReader& in);

}  // namespace simsched

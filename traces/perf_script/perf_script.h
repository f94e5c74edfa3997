// Text of `perf script` and of ftrace.
#pragma once

#include <string>

#include "traces/bytes.h"
#include "traces/sched_trace.h"

namespace simsched {

// `name` is for messages. Throws Error with the line.
SchedTrace read_perf_script(ByteSpan bytes, const std::string& name);

}  // namespace simsched

#pragma once

#include <string>

#include "traces/bytes.h"
#include "traces/sched_trace.h"

namespace simsched {

// Throws Error with the line in the page.
SchedTrace read_systrace(ByteSpan bytes, const std::string& name);

}  // namespace simsched

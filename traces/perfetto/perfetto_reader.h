// Reads Perfetto traces: what ftrace told of the scheduler and of frequencies, event by event or compact, packed or
// not. protos/perfetto/trace/ of Perfetto v49.
#pragma once

#include "base/progress.h"
#include "traces/bytes.h"
#include "traces/sched_trace.h"

namespace simsched {

// Throws Error with the offset for bytes that are no Perfetto trace, or one without scheduler events.
SchedTrace read_perfetto(ByteSpan bytes, const std::string& name, const Progress& progress = {});

}  // namespace simsched

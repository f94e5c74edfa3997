// simsched's own compact trace file: versioned, zstd-compressed, checksummed.
#pragma once

#include <string>

#include "traces/bytes.h"
#include "traces/sched_trace.h"

namespace simsched {

// `name` is for messages. Throws Error.
SchedTrace read_trace_file(ByteSpan bytes, const std::string& name);

std::string trace_file_bytes(const SchedTrace& trace);

}  // namespace simsched

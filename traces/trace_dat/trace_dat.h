// Recordings of trace-cmd: trace.dat.
#pragma once

#include <string>

#include "base/progress.h"
#include "traces/bytes.h"
#include "traces/sched_trace.h"

namespace simsched {

SchedTrace read_trace_dat(ByteSpan bytes, const std::string& name, const Progress& progress = {});

}  // namespace simsched

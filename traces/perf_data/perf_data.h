// perf.data files, of `perf record -e sched:*` and `perf sched record`.
#pragma once

#include <string>

#include "base/progress.h"
#include "traces/bytes.h"
#include "traces/sched_trace.h"

namespace simsched {

// `name` is for messages; `progress` counts bytes. Throws Error with the offset.
SchedTrace read_perf_data(ByteSpan bytes, const std::string& name, const Progress& progress = {});

}  // namespace simsched

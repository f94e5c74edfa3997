// Any recording, with its circumstances.
#pragma once

#include <string>

#include "base/progress.h"
#include "traces/sched_trace.h"

namespace simsched {

// A file of any of the formats (traces/formats.h), packed or not, told by its first bytes. `recorded` is the sidecar to
// use; empty: NAME.recorded.yaml beside the file when there is one. The calls of NAME.causes.zst beside it are read,
// too. `progress` counts bytes. Events are in time order and switches complete. Throws Error with the file and the
// offset or line.
SchedTrace read_trace(const std::string& path, const std::string& recorded = {}, const Progress& progress = {});

}  // namespace simsched

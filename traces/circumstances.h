// The sidecar of a recording, NAME.recorded.yaml: how it was made. docs/replay.md has its keys.
#pragma once

#include <string>

#include "traces/sched_trace.h"

namespace simsched {

// Throw Error with file and line. `name` is for messages.
Circumstances parse_circumstances(const std::string& text, const std::string& name);
Circumstances read_circumstances(const std::string& path);

}  // namespace simsched

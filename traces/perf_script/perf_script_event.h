// What an event of scheduler trace text says, in all the forms that kernels and tools have printed.
#pragma once

#include <string>

#include "traces/perf_script/perf_script_line.h"
#include "traces/sched_trace.h"

namespace simsched::text {

// For messages.
struct Place {
  const std::string& file;
  size_t line;

  std::string str() const { return file + ":" + std::to_string(line); }
};

enum class EventUse : uint8_t {
  kTaken,
  kNotNeeded,  // another event tells it, too
  kForeign     // none of the scheduler's
};

// Fills in `event` (its time, CPU, context and `current` are there) and interns names in `trace`. `has_waking`: the
// text has sched_waking events. Throws Error for an event that says something else than it should.
EventUse parse_event_text(const Line& line, bool has_waking, Place place, SchedTrace& trace, TraceEvent& event);

}  // namespace simsched::text

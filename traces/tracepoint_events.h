// Raw records of the scheduler's tracepoints, as events.
#pragma once

#include <array>

#include "traces/sched_trace.h"
#include "traces/tracepoints.h"

namespace simsched {

class TracepointEvents {
 public:
  // Names go into `trace`.
  explicit TracepointEvents(SchedTrace& trace) : trace_(trace) {}

  // What other records tell, too: it is left out.
  struct Elsewhere {
    bool wakeups = false, execs = false, exits = false;
  };
  struct Place {
    const std::string& name;
    size_t offset;
  };
  // Sets all of `event` but its time and CPU, which the caller has set; its state is a number, for settle_states(). `raw`
  // has point.size bytes or more. False: told elsewhere, or kept in SchedTrace::power. Throws Error, at `place`, for what no kernel records.
  bool decode(const Tracepoint& point, ByteSpan raw, const Elsewhere& elsewhere, const Place& place, TraceEvent& event);

  uint32_t name(ByteSpan comm);  // up to its NUL, 16 bytes at most

 private:
  void keep_power(const Tracepoint& point, ByteSpan raw, const Place& place, Nanos time);

  SchedTrace& trace_;
  // Names by their 16 bytes: nearly every record has one that was seen shortly before.
  struct CachedName {
    uint64_t low = 0, high = 0;
    uint32_t name = 0;
  };
  std::array<CachedName, 1024> cache_{};
};

}  // namespace simsched

// NAME.causes.zst: the calls of a causal recording, beside the recording of the scheduler that it belongs to.
#pragma once

#include <string>
#include <vector>

#include "traces/bytes.h"
#include "traces/sched_trace.h"

namespace simsched {

struct Causes {
  std::vector<TraceCall> calls;  // in order of `begin`; times are the clock's own
  uint64_t lost = 0;             // calls for which there was no room
  uint64_t unnamed = 0;          // data calls on sockets whose other end could not be told; not in `calls`
  uint64_t uring = 0;            // io_uring_enter calls: what those did is not known
};

// Packed with zstd or not. `name` is for messages. Throws Error, whatever the bytes are.
Causes read_causes(ByteSpan bytes, const std::string& name);
std::string causes_bytes(const Causes& causes);

// NAME.causes.zst or NAME.causes for a recording called NAME.something; empty: neither is there.
std::string causes_beside(const std::string& recording);
// The calls become the trace's, whose clock must be theirs; `name` is for messages. Throws Error when no call falls
// within the recording.
void attach_causes(SchedTrace& trace, Causes causes, const std::string& name);

}  // namespace simsched

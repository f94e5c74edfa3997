// The formats of recordings: a row each, which stands in the format's own folder, and a line in formats.cc. Whoever
// wants to know what a file is, how its name may end, or what to say of formats reads the rows.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"
#include "base/progress.h"
#include "traces/bytes.h"
#include "traces/sched_trace.h"

namespace simsched {

struct TraceFormat {
  const char* what;                    // as help and messages say it: "a perf.data file"
  std::vector<const char*> endings;    // of names of such files, longer ones first
  bool (*recognised)(ByteSpan bytes);  // by the first bytes
  // `name` is for messages. Throws Error with the offset or line; nothing else, whatever the bytes are.
  SchedTrace (*read)(ByteSpan bytes, const std::string& name, const Progress& progress);
  bool from_kernel;  // not written by simsched: switches may lack, see complete_switches()
};

// What a packed file held, as far as it goes: `cut` when it ends too early.
struct Unpacked {
  Bytes bytes;
  bool cut = false;
};

// What any of them may be packed with.
struct TracePacking {
  const char* ending;
  bool (*recognised)(ByteSpan bytes);
  Unpacked (*unpack)(ByteSpan bytes, const std::string& name);  // throws Error for damaged or endless data
};

// In the order in which they are tried.
const std::vector<TraceFormat>& trace_formats();
const std::vector<TracePacking>& trace_packings();

// "a perf.data file, perf script text or a simsched trace; .zst too", for help and messages.
std::string trace_formats_text();

// "some/build" of "some/build.perf.data.zst": without what packings and formats add to a name.
std::string trace_stem(std::string path);

}  // namespace simsched

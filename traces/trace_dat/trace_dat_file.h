// The container of trace.dat: versions 6 and 7, as `trace-cmd record` writes it (man 5 trace-cmd.dat.v6 and .v7).
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "traces/bytes.h"
#include "traces/trace_dat/ring_buffer.h"
#include "traces/tracepoints.h"

namespace simsched {

struct TraceDatFile {
  struct CpuData {
    CpuId cpu;
    ByteSpan pages;     // whole pages and perhaps a part of one, cut off
    size_t offset = 0;  // in the file, of what is not compressed
  };

  Tracepoints tracepoints;
  PageLayout layout;
  std::vector<CpuData> cpus;  // of the buffer that holds the most
  std::string clock;          // "local", "mono"...; empty: not told
  std::string os_release;
  uint64_t overruns = 0;  // records that were overwritten before they were read, as its statistics say
  bool cut_end = false;   // the file is shorter than it says

  std::deque<std::string> unpacked;  // what `cpus` point into where the file is compressed
};

// Throws Error with the offset. `bytes` must outlive the answer.
TraceDatFile read_trace_dat_file(ByteSpan bytes, const std::string& name);

}  // namespace simsched

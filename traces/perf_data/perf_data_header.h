// The head of a perf.data file, written to a file or to a pipe: everything but its records.
#pragma once

#include <string>

#include "traces/perf_data/perf_data_attrs.h"
#include "traces/perf_data/perf_data_topology.h"
#include "traces/tracepoints.h"

namespace simsched::perf {

struct Head {
  Attrs attrs;
  Tracepoints tracepoints;
  std::string os_release;
  size_t nr_cpus = 0;
  Topology topology;
  bool has_folder = false;  // the events are in other files: perf record --threads
  ByteSpan records;
  size_t records_offset = 0;
};

// Written to a pipe, all but `records` still has to come: as records, see add_feature().
Head read_head(ByteSpan bytes, const std::string& name);
// `feature` is a number of enum Feature; others are ignored.
void add_feature(Head& head, uint64_t feature, ByteSpan bytes, const std::string& name, size_t offset);

}  // namespace simsched::perf

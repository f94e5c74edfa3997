// The machine as the head of a perf.data file tells it: features CPU_TOPOLOGY, NUMA_TOPOLOGY and CACHE
// (tools/perf/util/header.c, 6.12).
#pragma once

#include <string>
#include <vector>

#include "base/cpu_set.h"
#include "traces/bytes.h"
#include "traces/sched_trace.h"

namespace simsched::perf {

class Topology {
 public:
  // Throw Error when `from` ends too early or names no CPUs.
  void add_cpus(ByteReader from);
  void add_nodes(ByteReader from);
  void add_caches(ByteReader from);

  // By CPU, for CPUs 0 to nr_cpus - 1; empty when the features do not tell where each of them is.
  std::vector<RecordedCpu> machine(size_t nr_cpus) const;

 private:
  std::vector<CpuSet> packages_, cores_, nodes_;
  std::vector<CpuSet> caches_;  // of the last level that holds data
  uint32_t cache_level_ = 0;
};

}  // namespace simsched::perf

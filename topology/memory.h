// What memory costs: latency and bandwidth between the nodes of a machine. Facts only; how tasks feel them is the
// engine's (sim/).
#pragma once

#include <cstdint>
#include <vector>

namespace simsched {

struct MemorySpec {
  // By the node that reads and the node that is read, in ns, idle. Empty: latency is not modelled, all memory is near.
  std::vector<std::vector<int64_t>> latency_ns;
  // Of the memory of each node, and of a link out of or into a node, in MB/s. Empty: without bound.
  std::vector<int64_t> node_mbs;
  std::vector<int64_t> link_mbs;
  // Of each last-level cache, in KiB. Empty: sharing of caches is not modelled.
  std::vector<int64_t> llc_kib;

  bool known() const { return !latency_ns.empty(); }
};

}  // namespace simsched

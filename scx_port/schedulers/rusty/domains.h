// Domains: the CPUs of each last-level cache, numbered densely in the order of (node, cache).
#pragma once

#include <cstdint>
#include <vector>

#include "base/cpu_set.h"
#include "scx_port/schedulers/rusty/rusty.h"
#include "topology/machine.h"

namespace simsched::rusty {

struct Domains {
  struct Domain {
    CpuSet cpus;
    uint32_t node;
  };
  std::vector<Domain> domains;
  std::vector<uint32_t> cpu_dom;  // by CPU; RUSTY_NO_DOM: in none
  uint32_t nr_cpus = 0;           // in domains

  size_t size() const { return domains.size(); }
  uint32_t node_limit() const;  // highest node + 1
};

// Throws Error when the machine is larger than the BPF half can hold.
Domains domains_of(const Machine& machine);
// ... with domains as given, each within one node.
Domains domains_of(const Machine& machine, const std::vector<CpuSet>& masks);

}  // namespace simsched::rusty

#include "scx_port/schedulers/rusty/domains.h"

#include <algorithm>

#include "base/error.h"

namespace simsched::rusty {
namespace {

void check_limit(size_t value, size_t limit, const char* what) {
  if (value > limit)
    throw Error("scx_rusty",
                std::to_string(value) + " " + what + " are more than it can hold (" + std::to_string(limit) + ")",
                "use a smaller machine or another policy");
}

}  // namespace

uint32_t Domains::node_limit() const {
  uint32_t limit = 0;
  for (const Domain& domain : domains) limit = std::max(limit, domain.node + 1);
  return limit;
}

Domains domains_of(const Machine& machine) {
  std::vector<CpuSet> masks;
  for (size_t llc = 0; llc < machine.nr_llcs(); ++llc)
    if (const CpuSet& cpus = machine.llc_cpus(LlcId(llc)); !cpus.empty()) masks.push_back(cpus);
  std::ranges::stable_sort(masks, {}, [&](const CpuSet& cpus) { return machine.cpu(cpus.first_cpu()).node; });
  return domains_of(machine, masks);
}

Domains domains_of(const Machine& machine, const std::vector<CpuSet>& masks) {
  check_limit(machine.nr_cpus(), RUSTY_MAX_CPUS, "CPUs");
  check_limit(masks.size(), RUSTY_MAX_DOMS, "domains");
  Domains result;
  result.cpu_dom.assign(machine.nr_cpus(), RUSTY_NO_DOM);
  for (const CpuSet& mask : masks) {
    SIMSCHED_CHECK(!mask.empty() && mask.subset_of(machine.cpus()), "a domain is made of CPUs of the machine");
    NodeId node = machine.cpu(mask.first_cpu()).node;
    check_limit(node.index() + 1, RUSTY_MAX_NODES, "nodes");
    for (CpuId cpu : mask) {
      SIMSCHED_CHECK(machine.cpu(cpu).node == node, "a domain lies on one node");
      SIMSCHED_CHECK(result.cpu_dom[cpu.index()] == RUSTY_NO_DOM, "domains do not overlap");
      result.cpu_dom[cpu.index()] = static_cast<uint32_t>(result.domains.size());
      ++result.nr_cpus;
    }
    result.domains.push_back({mask, static_cast<uint32_t>(node.value())});
  }
  return result;
}

}  // namespace simsched::rusty

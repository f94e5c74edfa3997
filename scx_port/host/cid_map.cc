#include "scx_port/host/cid_map.h"

namespace simsched::bpf {

CidMap::CidMap(const Machine& machine, const CpuSet& online) : cids_(machine.nr_cpus(), -1) {
  const auto next = [this] { return static_cast<int32_t>(size()); };
  const auto named = [this](CpuId cpu) { return cids_[cpu.index()] >= 0; };
  CidTopo topo;
  int32_t nodes = 0, llcs = 0, cores = 0;
  for (CpuId first : online) {
    if (named(first)) continue;
    topo.node_cid = next();
    topo.node_idx = nodes++;
    for (CpuId in_node : machine.node_cpus(machine.cpu(first).node) & online) {
      if (named(in_node)) continue;
      topo.llc_cid = next();
      topo.llc_idx = llcs++;
      for (CpuId in_llc : machine.llc_cpus(machine.cpu(in_node).llc) & online) {
        if (named(in_llc)) continue;
        topo.core_cid = next();
        topo.core_idx = cores++;
        for (CpuId cpu : machine.smt_cpus(in_llc) & online) add(cpu, topo);
      }
    }
  }
  for (CpuId cpu : machine.cpus())
    if (!named(cpu)) add(cpu, {});
}

void CidMap::add(CpuId cpu, const CidTopo& topo) {
  cids_[cpu.index()] = static_cast<int32_t>(size());
  cpus_.push_back(cpu);
  topo_.push_back(topo);
}

}  // namespace simsched::bpf

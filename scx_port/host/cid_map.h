// Topological CPU ids (kernel/sched/ext/cid.c, 7.2): CPUs numbered anew, so that those of a core, of a last-level cache
// and of a node follow each other.
#pragma once

#include <cstdint>
#include <vector>

#include "base/cpu_set.h"
#include "base/ids.h"
#include "topology/machine.h"

namespace simsched::bpf {

// struct scx_cid_topo: the first cid of each level's unit, and the unit's number. -1: of a CPU that was offline.
struct CidTopo {
  int32_t core_cid = -1, core_idx = -1, llc_cid = -1, llc_idx = -1, node_cid = -1, node_idx = -1;
};

class CidMap {
 public:
  CidMap() = default;
  // scx_cid_init(): nodes, in them caches, in them cores, each in the order of its first CPU; offline CPUs last.
  CidMap(const Machine& machine, const CpuSet& online);

  size_t size() const { return cpus_.size(); }
  bool valid(int32_t cid) const { return cid >= 0 && static_cast<size_t>(cid) < size(); }
  // Of valid ones.
  CpuId cpu(int32_t cid) const { return cpus_[static_cast<size_t>(cid)]; }
  const CidTopo& topo(int32_t cid) const { return topo_[static_cast<size_t>(cid)]; }
  int32_t cid(CpuId cpu) const { return cids_[cpu.index()]; }

 private:
  void add(CpuId cpu, const CidTopo& topo);

  std::vector<CpuId> cpus_;    // by cid
  std::vector<CidTopo> topo_;  // by cid
  std::vector<int32_t> cids_;  // by CPU
};

}  // namespace simsched::bpf

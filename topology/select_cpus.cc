#include "topology/select_cpus.h"

#include <map>
#include <vector>

#include "base/error.h"

namespace simsched {
namespace {

// Old ids of one level, in ascending order, to new ones without gaps.
template <class UnitId>
std::map<UnitId, UnitId> close_gaps(const MachineSpec& spec, const CpuSet& keep, UnitId Cpu::*unit) {
  std::map<UnitId, UnitId> renumbered;
  for (CpuId cpu : keep) renumbered[spec.cpus[cpu.index()].*unit];
  size_t next = 0;
  for (auto& [old, id] : renumbered) id = UnitId(next++);
  return renumbered;
}

}  // namespace

MachineSpec select_cpus(const MachineSpec& spec, const CpuSet& keep) {
  SIMSCHED_CHECK(!keep.empty() && keep.subset_of(CpuSet::first(spec.cpus.size())),
                 "CPUs to keep are not of the machine");
  auto cores = close_gaps(spec, keep, &Cpu::core);
  auto llcs = close_gaps(spec, keep, &Cpu::llc);
  auto nodes = close_gaps(spec, keep, &Cpu::node);

  MachineSpec kept = spec;
  kept.cpus.clear();
  for (CpuId id : keep) {
    Cpu cpu = spec.cpus[id.index()];
    kept.cpus.push_back({cores.at(cpu.core), llcs.at(cpu.llc), nodes.at(cpu.node), cpu.capacity});
  }
  kept.distances.clear();
  for (const auto& [from, new_from] : nodes) {
    std::vector<int>& row = kept.distances.emplace_back();
    for (const auto& [to, new_to] : nodes) row.push_back(spec.distances[from.index()][to.index()]);
  }
  return kept;
}

}  // namespace simsched

#include "topology/select_cpus.h"

#include <algorithm>
#include <map>
#include <vector>

#include "base/error.h"

namespace simsched {
namespace {

// Old ids of one level, in ascending order, to new ones without gaps. What none has stays none.
template <class UnitId>
std::map<UnitId, UnitId> close_gaps(const MachineSpec& spec, const CpuSet& keep, UnitId Cpu::*unit) {
  std::map<UnitId, UnitId> renumbered;
  for (CpuId cpu : keep) renumbered[spec.cpus[cpu.index()].*unit];
  size_t next = 0;
  for (auto& [old, id] : renumbered)
    if (old.valid()) id = UnitId(next++);
  return renumbered;
}

// Of a list by unit, or of a square of them, the units that are left. One that is not given stays so.
template <class T, class UnitId>
std::vector<T> select_list(const std::vector<T>& all, const std::map<UnitId, UnitId>& units) {
  std::vector<T> kept;
  if (all.empty()) return kept;
  for (const auto& [old, id] : units) kept.push_back(all[old.index()]);
  return kept;
}

template <class T>
std::vector<std::vector<T>> select_square(const std::vector<std::vector<T>>& all,
                                          const std::map<NodeId, NodeId>& nodes) {
  std::vector<std::vector<T>> kept = select_list(all, nodes);
  for (auto& row : kept) row = select_list(row, nodes);
  return kept;
}

}  // namespace

MachineSpec select_cpus(const MachineSpec& spec, const CpuSet& keep) {
  SIMSCHED_CHECK(!keep.empty() && keep.subset_of(CpuSet::first(spec.cpus.size())),
                 "CPUs to keep are not of the machine");
  auto cores = close_gaps(spec, keep, &Cpu::core);
  auto llcs = close_gaps(spec, keep, &Cpu::llc);
  auto nodes = close_gaps(spec, keep, &Cpu::node);
  auto clusters = close_gaps(spec, keep, &Cpu::cluster);
  auto power_domains = close_gaps(spec, keep, &Cpu::power_domain);

  MachineSpec kept = spec;
  kept.cpus.clear();
  kept.isolated = kept.nohz_full = CpuSet();
  for (CpuId id : keep) {
    if (spec.isolated.contains(id)) kept.isolated.add(CpuId(kept.cpus.size()));
    if (spec.nohz_full.contains(id)) kept.nohz_full.add(CpuId(kept.cpus.size()));
    Cpu cpu = spec.cpus[id.index()];
    cpu.core = cores.at(cpu.core);
    cpu.llc = llcs.at(cpu.llc);
    cpu.node = nodes.at(cpu.node);
    cpu.cluster = clusters.at(cpu.cluster);
    cpu.power_domain = power_domains.at(cpu.power_domain);
    kept.cpus.push_back(cpu);
  }
  if (kept.isolated.size() == kept.cpus.size()) kept.isolated = CpuSet();
  if (kept.nohz_full.size() == kept.cpus.size()) kept.nohz_full = CpuSet();
  kept.distances = select_square(spec.distances, nodes);
  kept.memory.latency_ns = select_square(spec.memory.latency_ns, nodes);
  kept.memory.node_mbs = select_list(spec.memory.node_mbs, nodes);
  kept.memory.link_mbs = select_list(spec.memory.link_mbs, nodes);
  kept.memory.llc_kib = select_list(spec.memory.llc_kib, llcs);
  return kept;
}

MachineSpec grow(const MachineSpec& spec, size_t nr_cpus) {
  MachineSpec grown = spec;
  const Cpu last = spec.cpus.back();
  const auto share = [&](auto Cpu::*unit) {
    return std::count_if(spec.cpus.begin(), spec.cpus.end(), [&](const Cpu& cpu) { return cpu.*unit == last.*unit; });
  };
  const auto threads = share(&Cpu::core);
  const bool own_cluster = share(&Cpu::cluster) == threads, own_domain = share(&Cpu::power_domain) == threads;
  int32_t cores = 0;
  for (const Cpu& cpu : spec.cpus) cores = std::max(cores, cpu.core.value() + 1);
  for (size_t added = 0; grown.cpus.size() < nr_cpus; ++added) {
    Cpu cpu = last;
    cpu.core = CoreId(cores + static_cast<int32_t>(added) / static_cast<int32_t>(threads));
    if (own_cluster) cpu.cluster = ClusterId();
    if (own_domain) cpu.power_domain = PowerDomainId();
    grown.cpus.push_back(cpu);
  }
  return grown;
}

}  // namespace simsched

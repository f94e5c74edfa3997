#include "scx_port/collect/host.h"

#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/cpu_set.h"
#include "base/error.h"

namespace simsched::collect {
namespace {

std::string line_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

CpuSet list_of(const std::filesystem::path& path) {
  const std::string line = line_of(path);
  try {
    return line.empty() ? CpuSet() : CpuSet::parse(line);
  } catch (const Error&) {
    return {};
  }
}

int32_t first_of(const CpuSet& set) { return set.empty() ? kAbsent : set.first_cpu().value(); }

int32_t number_of(const std::filesystem::path& path) {
  std::istringstream in(line_of(path));
  int32_t value;
  return in >> value ? value : kAbsent;
}

HostCpu read_cpu(const std::filesystem::path& sys, CpuId id) {
  const auto folder = sys / "devices/system/cpu" / ("cpu" + std::to_string(id.value()));
  HostCpu cpu;
  cpu.cpu = id;
  cpu.core = first_of(list_of(folder / "topology/thread_siblings_list"));
  cpu.capacity = number_of(folder / "cpu_capacity");
  int32_t last_level = 0;
  for (int index = 0; index < 10; ++index) {
    const auto cache = folder / "cache" / ("index" + std::to_string(index));
    const int32_t level = number_of(cache / "level");
    if (level < 2 || line_of(cache / "type") == "Instruction") continue;
    const int32_t first = first_of(list_of(cache / "shared_cpu_list"));
    if (level == 2) cpu.l2 = first;
    if (level > last_level) cpu.llc = first, last_level = level;
  }
  return cpu;
}

bool same(int32_t a, int32_t b) { return a != kAbsent && a == b; }

}  // namespace

Host::Host(const std::string& sysfs) {
  const std::filesystem::path sys(sysfs);
  const CpuSet possible = list_of(sys / "devices/system/cpu/possible");
  for (CpuId cpu : possible) {
    while (cpus_.size() < cpu.index()) cpus_.push_back({CpuId(cpus_.size())});
    cpus_.push_back(read_cpu(sys, cpu));
  }
  const CpuSet nodes = list_of(sys / "devices/system/node/online");  // numbers of nodes, in the same notation
  for (CpuId node : nodes) {
    const auto folder = sys / "devices/system/node" / ("node" + std::to_string(node.value()));
    for (CpuId cpu : list_of(folder / "cpulist"))
      if (cpu.index() < cpus_.size()) cpus_[cpu.index()].node = node.value();
    node_distances_.resize(node.index() + 1);
    std::istringstream row(line_of(folder / "distance"));
    // The row has a number for each node that is online.
    std::vector<int32_t>& distances = node_distances_.back();
    for (CpuId other : nodes) {
      int32_t value;
      if (!(row >> value)) break;
      distances.resize(other.index() + 1, kAbsent);
      distances.back() = value;
    }
  }
}

Relation Host::relation(CpuId a, CpuId b) const {
  if (!a.valid() || !b.valid() || a.index() >= cpus_.size() || b.index() >= cpus_.size()) return Relation::kUnknown;
  if (a == b) return Relation::kSameCpu;
  const HostCpu &x = cpus_[a.index()], &y = cpus_[b.index()];
  if (same(x.core, y.core)) return Relation::kSmt;
  if (same(x.l2, y.l2)) return Relation::kL2;
  if (same(x.llc, y.llc)) return Relation::kLlc;
  if (same(x.node, y.node)) return Relation::kNode;
  return x.node == kAbsent || y.node == kAbsent ? Relation::kUnknown : Relation::kRemote;
}

int32_t Host::distance(CpuId a, CpuId b) const {
  if (!a.valid() || !b.valid() || a.index() >= cpus_.size() || b.index() >= cpus_.size()) return kAbsent;
  const int32_t x = cpus_[a.index()].node, y = cpus_[b.index()].node;
  if (x < 0 || y < 0 || static_cast<size_t>(x) >= node_distances_.size()) return kAbsent;
  const std::vector<int32_t>& row = node_distances_[static_cast<size_t>(x)];
  return static_cast<size_t>(y) < row.size() ? row[static_cast<size_t>(y)] : kAbsent;
}

}  // namespace simsched::collect

#include "scx_port/live/host_machine.h"

#include <map>
#include <optional>
#include <tuple>

#include "base/error.h"
#include "base/files.h"

namespace simsched::live {
namespace {

// The first CPU of a list file; none when there is no such file.
std::optional<CpuId> first_of(const std::string& path) {
  const std::string line = first_line(path);
  if (line.empty()) return std::nullopt;
  const CpuSet cpus = CpuSet::parse(line);
  if (cpus.empty()) return std::nullopt;
  return cpus.first_cpu();
}

// The first CPU that shares the outermost cache.
std::optional<CpuId> cache_of(const std::string& cpu) {
  std::optional<CpuId> outermost;
  for (int index = 0; index < 16; ++index) {
    const std::string cache = cpu + "/cache/index" + std::to_string(index);
    if (first_line(cache + "/type") == "Instruction") continue;
    std::optional<CpuId> shared = first_of(cache + "/shared_cpu_list");
    if (!shared) break;
    outermost = shared;
  }
  return outermost;
}

}  // namespace

Machine host_machine(const std::string& sys) {
  const std::string cpus = sys + "/devices/system/cpu", nodes = sys + "/devices/system/node";
  const std::string possible = first_line(cpus + "/possible");
  if (possible.empty()) throw Error(cpus, "does not say which CPUs there are", "mount sysfs");
  MachineSpec spec;
  spec.name = "host";
  std::map<CpuId, int> node_of;  // numbers of the kernel's
  if (const std::string online = first_line(nodes + "/online"); !online.empty()) {
    const CpuSet list = CpuSet::parse(online);  // the same form, of nodes
    for (CpuId node = list.first_cpu(); node.valid(); node = list.next(node)) {
      const CpuSet members = CpuSet::parse(first_line(nodes + "/node" + std::to_string(node.value()) + "/cpulist"));
      for (CpuId cpu = members.first_cpu(); cpu.valid(); cpu = members.next(cpu)) node_of[cpu] = node.value();
    }
  }

  // Numbers in the order in which CPUs first show them; a level is keyed by those above it, so that all nest.
  std::map<int, NodeId> node_ids;
  std::map<std::tuple<NodeId, int>, LlcId> llc_ids;
  std::map<std::tuple<LlcId, int>, CoreId> core_ids;
  int last_node = 0, last_llc = 0;
  const CpuSet all = CpuSet::parse(possible);
  for (CpuId cpu = all.first_cpu(); cpu.valid(); cpu = all.next(cpu)) {
    const std::string folder = cpus + "/cpu" + std::to_string(cpu.value());
    auto node = node_of.find(cpu);
    if (node != node_of.end()) last_node = node->second;
    if (std::optional<CpuId> cache = cache_of(folder)) last_llc = cache->value();
    const CpuId core = first_of(folder + "/topology/thread_siblings_list").value_or(cpu);
    const NodeId node_id = node_ids.try_emplace(last_node, NodeId(node_ids.size())).first->second;
    const LlcId llc = llc_ids.try_emplace({node_id, last_llc}, LlcId(llc_ids.size())).first->second;
    const CoreId core_id = core_ids.try_emplace({llc, core.value()}, CoreId(core_ids.size())).first->second;
    spec.cpus.push_back({core_id, llc, node_id});
  }
  return Machine(std::move(spec));
}

}  // namespace simsched::live

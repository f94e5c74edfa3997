// Machines through hwloc: the live host, or an XML file that hwloc (lstopo FILE.xml) wrote on another.
#include <hwloc.h>

#include <algorithm>
#include <charconv>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "topology/load/load.h"

namespace simsched {
namespace {

using Topology = std::unique_ptr<std::remove_pointer_t<hwloc_topology_t>, decltype(&hwloc_topology_destroy)>;

// The text of an XML file, that of hwloc 3 with the version of hwloc 2: elements and attributes are the same
// ("hwloc2.dtd"), but the library before 3 refuses it unread.
std::string read_xml(const std::string& path, bool& newer) {
  Bytes bytes = read_file(path);
  std::string text(bytes.text());
  constexpr std::string_view kNewer = "<topology version=\"3.", kKnown = "<topology version=\"2.0\"";
  size_t at = text.find(kNewer);
  newer = at != std::string::npos;
  if (newer) text.replace(at, text.find('"', at + kNewer.size()) + 1 - at, kKnown);
  return text;
}

// The whole machine, also where a cgroup or a container allows this process less of it. `path` is empty for the host.
Topology read_topology(const std::string& path, const std::string& where) {
  bool newer = false, from_file = !path.empty();
  std::string xml = from_file ? read_xml(path, newer) : "";
  hwloc_topology_t raw = nullptr;
  if (hwloc_topology_init(&raw) != 0) throw Error(where, "hwloc cannot start", "check its installation");
  Topology topology(raw, &hwloc_topology_destroy);
  hwloc_topology_set_flags(raw, HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED);
  bool read = !from_file || (xml.size() < INT_MAX &&
                             hwloc_topology_set_xmlbuffer(raw, xml.c_str(), static_cast<int>(xml.size() + 1)) == 0);
  if (!read || hwloc_topology_load(raw) != 0) {
    if (newer)
      throw Error(where, "is written by hwloc 3 and not understood",
                  "write it with: lstopo --export-xml-flags v2 FILE.xml");
    throw Error(where, from_file ? "this is not an hwloc XML file" : "hwloc cannot read this machine",
                "write one with: lstopo FILE.xml");
  }
  return topology;
}

// The outermost cache above a CPU; without one, what holds the CPU's cores together.
hwloc_obj_t last_level(hwloc_obj_t cpu) {
  hwloc_obj_t last = nullptr, package = nullptr, object = cpu;
  for (; object->parent != nullptr; object = object->parent) {
    if (hwloc_obj_type_is_dcache(object->type)) last = object;
    if (object->type == HWLOC_OBJ_PACKAGE) package = object;
  }
  return last != nullptr ? last : package != nullptr ? package : object;
}

// The cache below the last level that a core shares with others, if any.
hwloc_obj_t shared_cache(hwloc_obj_t cpu, hwloc_obj_t core, hwloc_obj_t last) {
  for (hwloc_obj_t object = cpu; object->parent != nullptr && object != last; object = object->parent)
    if (hwloc_obj_type_is_dcache(object->type) &&
        hwloc_bitmap_weight(object->cpuset) > hwloc_bitmap_weight(core->cpuset))
      return object;
  return nullptr;
}

// node_reclaim_distance: what init_amd_zen_common() sets in arch/x86/kernel/cpu/amd.c, 6.12, and the default.
int32_t reclaim_distance(hwloc_topology_t topology) {
  constexpr int kZen = 0x17;  // the first family
  for (hwloc_obj_t package = hwloc_get_obj_by_type(topology, HWLOC_OBJ_PACKAGE, 0); package != nullptr;
       package = package->parent) {
    const char *vendor = hwloc_obj_get_info_by_name(package, "CPUVendor"),
               *family = hwloc_obj_get_info_by_name(package, "CPUFamilyNumber");
    if (vendor != nullptr && family != nullptr)
      return std::strcmp(vendor, "AuthenticAMD") == 0 && std::atoi(family) >= kZen ? 32
                                                                                   : MachineSpec().reclaim_distance;
  }
  return MachineSpec().reclaim_distance;
}

// The first NUMA node that is local to a CPU: where there are two kinds of memory, the normal one.
hwloc_obj_t local_node(hwloc_topology_t topology, hwloc_obj_t cpu) {
  for (hwloc_obj_t node = nullptr; (node = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_NUMANODE, node)) != nullptr;)
    if (hwloc_bitmap_isset(node->cpuset, cpu->os_index)) return node;
  return nullptr;
}

// Unit numbers in the order in which CPUs first show them.
template <class UnitId, class Key>
class Numbering {
 public:
  UnitId operator()(const Key& key) { return ids_.try_emplace(key, UnitId(ids_.size())).first->second; }
  const std::map<Key, UnitId>& ids() const { return ids_; }

 private:
  std::map<Key, UnitId> ids_;
};

int64_t info_number(const hwloc_info_s* infos, unsigned count, const char* name) {
  int64_t value = 0;
  for (unsigned i = 0; i < count; ++i)
    if (std::strcmp(infos[i].name, name) == 0)
      std::from_chars(infos[i].value, infos[i].value + std::strlen(infos[i].value), value);
  return value;
}

// What the kernel says of each kind of core: its cpu_capacity, or failing that its top frequency. All kinds
// must say the same sort of thing, or every core counts as the fastest.
void read_capacities(hwloc_topology_t topology, const std::vector<hwloc_obj_t>& objects, std::vector<Cpu>& cpus) {
  int kinds = std::max(hwloc_cpukinds_get_nr(topology, 0), 0);
  for (const char* measure : {"LinuxCapacity", "FrequencyMaxMHz"}) {
    std::vector<int64_t> speeds(cpus.size(), 0);
    for (int kind = 0; kind < kinds; ++kind) {
      std::unique_ptr<hwloc_bitmap_s, decltype(&hwloc_bitmap_free)> members(hwloc_bitmap_alloc(), &hwloc_bitmap_free);
      unsigned count = 0;
      hwloc_info_s* infos = nullptr;
      if (hwloc_cpukinds_get_info(topology, static_cast<unsigned>(kind), members.get(), nullptr, &count, &infos, 0) !=
          0)
        continue;
      int64_t speed = info_number(infos, count, measure);
      for (size_t i = 0; i < objects.size(); ++i)
        if (hwloc_bitmap_isset(members.get(), objects[i]->os_index)) speeds[i] = speed;
    }
    auto [slowest, fastest] = std::minmax_element(speeds.begin(), speeds.end());
    if (*slowest <= 0 || *fastest > int64_t{1} << 32) continue;
    for (size_t i = 0; i < cpus.size(); ++i)
      cpus[i].capacity = static_cast<int32_t>(std::max(speeds[i] * kCapacityScale / *fastest, int64_t{1}));
    // What is said of the threads of a core one by one is the core's: the most of it.
    std::map<CoreId, int32_t> most;
    for (const Cpu& cpu : cpus) most[cpu.core] = std::max(most[cpu.core], cpu.capacity);
    for (Cpu& cpu : cpus) cpu.capacity = most[cpu.core];
    return;
  }
}

// The firmware's table where there is one (ACPI SLIT). Some are not symmetric or not sane: the larger way
// counts, within what ACPI allows.
std::vector<std::vector<int>> read_distances(hwloc_topology_t topology, const std::map<hwloc_obj_t, NodeId>& nodes) {
  hwloc_distances_s* table = nullptr;
  unsigned count = 1;
  unsigned long wanted = HWLOC_DISTANCES_KIND_FROM_OS | HWLOC_DISTANCES_KIND_MEANS_LATENCY;
  if (hwloc_distances_get_by_type(topology, HWLOC_OBJ_NUMANODE, &count, &table, wanted, 0) != 0 || count == 0)
    return {};
  // Not every node need be in it: inside a cgroup those that are not allowed are taken out.
  std::vector<std::vector<int>> distances(nodes.size(), std::vector<int>(nodes.size(), 20));
  for (size_t node = 0; node < nodes.size(); ++node) distances[node][node] = 10;
  for (unsigned i = 0; i < table->nbobjs; ++i)
    for (unsigned j = 0; j < table->nbobjs; ++j) {
      auto from = nodes.find(table->objs[i]), to = nodes.find(table->objs[j]);
      if (from == nodes.end() || to == nodes.end()) continue;  // a node without CPUs
      uint64_t there = table->values[i * table->nbobjs + j], back = table->values[j * table->nbobjs + i];
      int distance = static_cast<int>(std::clamp(std::max(there, back), uint64_t{10}, uint64_t{254}));
      if (from != to) distances[from->second.index()][to->second.index()] = distance;
    }
  hwloc_distances_release(topology, table);
  return distances;
}

Machine machine_from_topology(hwloc_topology_t topology, const std::string& name, const std::string& where) {
  std::vector<hwloc_obj_t> objects;
  for (hwloc_obj_t cpu = nullptr; (cpu = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_PU, cpu)) != nullptr;)
    objects.push_back(cpu);
  std::sort(objects.begin(), objects.end(), [](auto a, auto b) { return a->os_index < b->os_index; });

  MachineSpec spec;
  spec.name = name;
  Numbering<CoreId, hwloc_obj_t> cores;
  // A cache across two nodes (sub-NUMA clustering) counts as one in each: a level nests in the one above.
  Numbering<LlcId, std::pair<hwloc_obj_t, hwloc_obj_t>> llcs;
  Numbering<NodeId, hwloc_obj_t> nodes;
  Numbering<ClusterId, std::pair<hwloc_obj_t, hwloc_obj_t>> clusters;
  for (hwloc_obj_t object : objects) {
    hwloc_obj_t node = local_node(topology, object), last = last_level(object);
    hwloc_obj_t core = hwloc_get_ancestor_obj_by_type(topology, HWLOC_OBJ_CORE, object);
    if (core == nullptr) core = object;
    Cpu cpu{cores(core), llcs({last, node}), nodes(node)};
    if (hwloc_obj_t cluster = shared_cache(object, core, last)) cpu.cluster = clusters({cluster, node});
    spec.cpus.push_back(cpu);
  }
  spec.reclaim_distance = reclaim_distance(topology);
  if (spec.cpus.size() > 0) read_capacities(topology, objects, spec.cpus);
  spec.distances = read_distances(topology, nodes.ids());
  try {
    return Machine(std::move(spec));
  } catch (const Error& error) {
    throw Error(where, error.problem(), "describe the machine in a .yaml file instead");
  }
}

}  // namespace

Machine machine_from_host() { return machine_from_topology(read_topology("", "host").get(), "host", "host"); }

Machine machine_from_hwloc_xml(const std::string& path) {
  return machine_from_topology(read_topology(path, path).get(), std::filesystem::path(path).stem().string(), path);
}

}  // namespace simsched

#include "topology/load/machine_yaml.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <vector>

#include "base/error.h"
#include "base/input_file.h"
#include "base/suggest.h"
#include "base/yaml/yaml_values.h"
#include "topology/load/core_types_yaml.h"
#include "topology/load/costs_yaml.h"
#include "topology/load/load.h"
#include "topology/load/machine_keys.h"
#include "topology/load/memory_yaml.h"
#include "topology/load/power_yaml.h"
#include "topology/select_cpus.h"

namespace simsched {
namespace {

const std::vector<std::string> kShapeKeys = {"nodes", "llcs_per_node", "cores_per_llc", "threads_per_core",
                                             "smt_numbering"};

// `nodes: 2, llcs_per_node: 4, ...`: every unit of a level alike.
std::vector<Cpu> read_regular(const YamlMap& map, size_t max_cpus) {
  auto count = [&](const std::string& key) { return map.integer_or(key, 1, static_cast<int64_t>(max_cpus), 1); };
  const int64_t nodes = count("nodes"), llcs = count("llcs_per_node"), cores = count("cores_per_llc"),
                threads = count("threads_per_core");
  int64_t total = 1;
  for (int64_t factor : {nodes, llcs, cores, threads})
    if ((total *= factor) > static_cast<int64_t>(max_cpus))
      throw Error(map.where(), "the machine has more than " + std::to_string(max_cpus) + " CPUs",
                  "make a count smaller");

  std::string numbering = map.has("smt_numbering") ? map.text("smt_numbering") : "adjacent";
  const std::vector<std::string> numberings(std::begin(kSmtNumberings), std::end(kSmtNumberings));
  if (numbering != "adjacent" && numbering != "split")
    throw Error(map.where("smt_numbering"), "there is no smt_numbering '" + numbering + "'",
                suggest(numbering, numberings));

  const int64_t nr_cores = total / threads;
  std::vector<Cpu> cpus(static_cast<size_t>(total));
  for (size_t i = 0; i < cpus.size(); ++i) {
    int64_t cpu = static_cast<int64_t>(i), core = numbering == "split" ? cpu % nr_cores : cpu / threads;
    cpus[i].core = CoreId(static_cast<size_t>(core));
    cpus[i].llc = LlcId(static_cast<size_t>(core / cores));
    cpus[i].node = NodeId(static_cast<size_t>(core / cores / llcs));
  }
  return cpus;
}

// One entry of an explicit `cpus:` list, added to `cpus`; `named_cores` holds the cores given by number.
void read_group(const YAML::Node& entry, const std::string& file, int64_t max_cpus, const CoreTypes& types,
                std::map<size_t, Cpu>& cpus, std::map<int64_t, CoreId>& named_cores, size_t& next_core) {
  YamlMap group(entry, file, "a group of CPUs", names_of(cpu_group_keys()));
  if (!group.has("cpus")) throw Error(group.where(), "a group of CPUs has no 'cpus'", "list them like 0-3,8");
  if (group.has("core") && group.has("threads_per_core"))
    throw Error(group.where("core"), "both 'core' and 'threads_per_core' are given", "keep one");
  CpuSet ids = yaml_cpu_list(group.at("cpus"), file, "cpus");
  if (ids.empty()) throw Error(group.where("cpus"), "cpus is empty", "list them like 0-3,8");

  int64_t threads = group.integer_or("threads_per_core", 1, max_cpus, 1);
  if (static_cast<int64_t>(ids.size()) % threads != 0)
    throw Error(group.where("cpus"), std::to_string(ids.size()) + " CPUs are no whole number of cores",
                "list a multiple of threads_per_core, " + std::to_string(threads));
  Cpu cpu;
  cpu.llc = LlcId(static_cast<size_t>(group.integer_or("llc", 0, max_cpus - 1, 0)));
  cpu.node = NodeId(static_cast<size_t>(integer_or(group, cpu_group_keys(), "node", 0)));
  cpu.type = types.of(group);
  cpu.capacity = static_cast<int32_t>(integer_or(group, cpu_group_keys(), "capacity", types.capacity(cpu.type)));
  if (group.has("kernel_capacity"))
    cpu.kernel_capacity = static_cast<int32_t>(integer_of(group, cpu_group_keys(), "kernel_capacity"));
  cpu.priority = static_cast<int32_t>(integer_or(group, cpu_group_keys(), "priority", 0));
  if (group.has("cluster")) cpu.cluster = ClusterId(static_cast<size_t>(group.integer("cluster", 0, max_cpus - 1)));
  if (group.has("power_domain"))
    cpu.power_domain = PowerDomainId(static_cast<size_t>(group.integer("power_domain", 0, max_cpus - 1)));
  if (group.has("core")) {
    CoreId& core = named_cores[group.integer("core", 0, max_cpus - 1)];
    if (!core.valid()) core = CoreId(next_core++);
    cpu.core = core;
  }
  int64_t in_group = 0;
  for (CpuId id : ids) {
    if (id.value() >= max_cpus)
      throw Error(group.where("cpus"), "there is a CPU " + std::to_string(id.value()),
                  "the last may be " + std::to_string(max_cpus - 1));
    if (!group.has("core") && in_group++ % threads == 0) cpu.core = CoreId(next_core++);
    if (!cpus.emplace(id.index(), cpu).second)
      throw Error(group.where("cpus"), "CPU " + std::to_string(id.value()) + " is listed twice", "keep one");
  }
}

// An explicit `cpus:` list. Cores are renumbered in the order of their first CPUs, whatever the file calls them.
std::vector<Cpu> read_listed(const YamlMap& map, size_t max_cpus, const CoreTypes& types) {
  std::map<size_t, Cpu> listed;
  std::map<int64_t, CoreId> named_cores;
  size_t next_core = 0;
  for (const auto& entry : map.at("cpus"))
    read_group(entry, map.file(), static_cast<int64_t>(max_cpus), types, listed, named_cores, next_core);

  std::vector<Cpu> cpus;
  std::vector<CoreId> renumbered(next_core);
  next_core = 0;
  for (auto& [id, cpu] : listed) {
    if (id != cpus.size())
      throw Error(map.where("cpus"), "CPU " + std::to_string(cpus.size()) + " is missing",
                  "list every CPU from 0 to the last");
    CoreId& core = renumbered[cpu.core.index()];
    if (!core.valid()) core = CoreId(next_core++);
    cpu.core = core;
    cpus.push_back(cpu);
  }
  return cpus;
}

// The machine that the other keys then change: a preset, an hwloc file, or one described here.
MachineSpec read_base(const YamlMap& map, size_t max_cpus, const CoreTypes& types, bool listed) {
  std::vector<std::string> sources;
  for (const char* key : {"preset", "hwloc"})
    if (map.has(key)) sources.push_back(key);
  if (listed) sources.push_back("cpus");
  for (const std::string& key : kShapeKeys)
    if (map.has(key) && !sources.empty())
      throw Error(map.where(key), "'" + key + "' does not go with '" + sources[0] + "'", "keep one of them");
  if (sources.size() > 1)
    throw Error(map.where(sources[1]), "'" + sources[1] + "' does not go with '" + sources[0] + "'",
                sources[1] == "cpus" ? "to keep some CPUs write cpus: 4 or cpus: \"0-3\"" : "keep one of them");

  MachineSpec spec;
  if (map.has("preset")) {
    std::string preset = map.text("preset");
    std::vector<std::string> names = preset_names();
    names.push_back("host");
    if (std::find(names.begin(), names.end(), preset) == names.end())
      throw Error(map.where("preset"), "there is no preset '" + preset + "'", suggest(preset, names));
    return load_machine(preset).spec();
  }
  if (map.has("hwloc")) {
    return machine_from_hwloc_xml(find_input_file(map.text("hwloc"), map.file(), map.where("hwloc"))).spec();
  }
  spec.cpus = listed ? read_listed(map, max_cpus, types) : read_regular(map, max_cpus);
  return spec;
}

// A scalar `cpus:` keeps some: a plain number the first so many, or adds to them; a list those.
CpuSet read_kept(const YamlMap& map, size_t nr_cpus, size_t max_cpus) {
  std::string text = map.text("cpus");
  bool plain = !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
  if (plain) return CpuSet::first(static_cast<size_t>(map.integer("cpus", 1, static_cast<int64_t>(max_cpus))));
  CpuSet keep = yaml_cpu_list(map.at("cpus"), map.file(), "cpus");
  if (keep.empty() || !keep.subset_of(CpuSet::first(nr_cpus)))
    throw Error(map.where("cpus"), "cpus is '" + text + "' and the machine has CPUs 0-" + std::to_string(nr_cpus - 1),
                "keep some of those");
  return keep;
}

std::vector<std::vector<int>> read_distances(const YamlMap& map) {
  std::vector<std::vector<int>> distances;
  YAML::Node rows = map.at("distances");
  if (!rows.IsSequence() || rows.size() == 0 || rows.size() > kMaxNodes)
    throw Error(map.where("distances"), "distances is not a matrix", "write rows like [[10, 20], [20, 10]]");
  for (const auto& row : rows) {
    if (!row.IsSequence() || row.size() != rows.size())
      throw Error(yaml_where(row, map.file()), "a row of distances has not " + std::to_string(rows.size()) + " numbers",
                  "write as many as there are rows");
    std::vector<int>& numbers = distances.emplace_back();
    for (const auto& number : row)
      numbers.push_back(static_cast<int>(yaml_integer(number, map.file(), "a distance", 10, 254)));
    // As slit_valid() of arch/x86/mm/srat.c has it.
    for (size_t i = 0; i < numbers.size(); ++i)
      if (i + 1 != distances.size() && numbers[i] == 10)
        throw Error(yaml_where(row, map.file()),
                    "nodes " + std::to_string(distances.size() - 1) + " and " + std::to_string(i) + " are 10 apart",
                    "take 11 to 254: only a node itself is 10 away");
  }
  return distances;
}

}  // namespace

Machine machine_from_yaml(const YAML::Node& node, const std::string& file, const std::string& name, size_t max_cpus) {
  YamlMap map(node, file, "a machine", names_of(machine_keys()));
  const bool listed = map.at("cpus").IsDefined() && map.at("cpus").IsSequence();
  if (map.has("cpus") && !listed && !map.at("cpus").IsScalar())
    throw Error(map.where("cpus"), "cpus is no list and no number",
                "write [{cpus: 0-3, llc: 0}, ...], or how many to keep, as in cpus: 4");
  const CoreTypes types = read_core_types(map);
  MachineSpec spec = read_base(map, max_cpus, types, listed);
  types.give(map, listed, spec);
  if (map.has("name")) spec.name = map.text("name");
  if (spec.name.empty()) spec.name = name;
  if (map.has("smt_share")) spec.smt_share = static_cast<int32_t>(integer_of(map, machine_keys(), "smt_share"));
  if (map.has("capacity"))
    for (Cpu& cpu : spec.cpus)
      cpu.kernel_capacity = cpu.capacity = static_cast<int32_t>(integer_of(map, machine_keys(), "capacity"));
  spec.reclaim_distance = static_cast<int32_t>(integer_or(map, machine_keys(), "reclaim_distance", spec.reclaim_distance));
  if (map.has("asym_packing")) spec.asym_packing = map.boolean("asym_packing");
  if (map.has("isa_affinity")) spec.isa_affinity = map.boolean("isa_affinity");
  if (map.has("costs")) read_costs(map, spec);
  try {
    // Checked before CPUs are taken away, so that what is left is sound; distances and memory are those of what is
    // left.
    if (map.has("cpus") && map.at("cpus").IsScalar()) {
      CpuSet keep = read_kept(map, spec.cpus.size(), max_cpus);
      spec = keep.size() > spec.cpus.size() ? grow(Machine(spec).spec(), keep.size())
                                            : select_cpus(Machine(spec).spec(), keep);
    }
    if (map.has("smt") && !map.boolean("smt")) {
      Machine whole(spec);
      CpuSet first_threads;
      for (size_t core = 0; core < whole.nr_cores(); ++core)
        first_threads.add(whole.core_cpus(CoreId(core)).first_cpu());
      spec = select_cpus(whole.spec(), first_threads);
    }
    if (map.has("distances")) spec.distances = read_distances(map);
    if (map.has("isolated")) spec.isolated = yaml_cpu_list(map.at("isolated"), map.file(), "cpus");
    if (map.has("nohz_full")) spec.nohz_full = yaml_cpu_list(map.at("nohz_full"), map.file(), "cpus");
    read_power(map, spec);
    if (map.has("memory")) {
      Machine shape(spec);
      read_memory(map, shape.nr_nodes(), shape.nr_llcs(), spec.memory);
    }
    return Machine(spec);
  } catch (const Error& error) {
    // Machine names the field at fault; what this file reads has its line already.
    if (std::ranges::find(machine_keys(), error.where(), &ConfigKey::name) == machine_keys().end()) throw;
    throw Error(map.where(error.where()), error.problem(), error.remedy());
  }
}

Machine parse_machine_yaml(const std::string& text, const std::string& name, size_t max_cpus) {
  return read_yaml(text, name, "check the quotes, brackets and indents around it", [&](const YAML::Node& root) {
    return machine_from_yaml(root.IsNull() ? YAML::Node(YAML::NodeType::Map) : root, name,
                             std::filesystem::path(name).stem().string(), max_cpus);
  });
}

}  // namespace simsched

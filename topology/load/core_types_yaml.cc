#include "topology/load/core_types_yaml.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/suggest.h"
#include "topology/load/machine_keys.h"

namespace simsched {
namespace {

// A value in one of two units, of which the coarse one is a thousand of the fine one that is answered; 0: not given.
int64_t in_fine_unit(const YamlMap& map, ConfigKeys keys, const std::string& key, const std::string& coarse,
                     const std::string& fine) {
  const std::string in_coarse = key + coarse, in_fine = key + fine;
  if (map.has(in_coarse) && map.has(in_fine))
    throw Error(map.where(in_coarse), "both '" + in_coarse + "' and '" + in_fine + "' are given", "keep one");
  return map.has(in_coarse) ? integer_of(map, keys, in_coarse) * 1000 : integer_or(map, keys, in_fine, 0);
}
Nanos time_of(const YamlMap& map, ConfigKeys keys, const std::string& key) {
  return Nanos(in_fine_unit(map, keys, key, "_us", "_ns"));
}
int64_t power_of(const YamlMap& map, ConfigKeys keys, const std::string& key) {
  return in_fine_unit(map, keys, key, "_mw", "_uw");
}

std::vector<YAML::Node> list_of(const YamlMap& type, const std::string& key, const std::string& example) {
  YAML::Node list = type.at(key);
  if (!list.IsDefined()) return {};
  if (!list.IsSequence()) throw Error(type.where(key), key + " is not a list", "write it as " + example);
  return std::vector<YAML::Node>(list.begin(), list.end());
}

// Without a capacity of its own, an operating point has its share by frequency.
std::vector<OperatingPoint> read_opps(const YamlMap& type, int32_t capacity) {
  std::vector<OperatingPoint> opps;
  std::vector<bool> has_capacity;
  for (const YAML::Node& entry : list_of(type, "opps", "[{mhz: 1000, cpu_mw: 500}]")) {
    YamlMap map(entry, type.file(), "an operating point", names_of(opp_keys()));
    if (!map.has("mhz")) throw Error(map.where(), "an operating point has no 'mhz'", "give its frequency");
    OperatingPoint& opp = opps.emplace_back();
    opp.mhz = static_cast<int32_t>(integer_of(map, opp_keys(), "mhz"));
    has_capacity.push_back(map.has("capacity"));
    opp.capacity = static_cast<int32_t>(integer_or(map, opp_keys(), "capacity", 0));
    opp.cpu_uw = power_of(map, opp_keys(), "cpu");
    opp.shared_uw = power_of(map, opp_keys(), "shared");
  }
  for (size_t i = 0; i < opps.size(); ++i) {
    const int64_t top = opps.back().mhz, share = (int64_t{capacity} * opps[i].mhz + top / 2) / top;
    if (!has_capacity[i]) opps[i].capacity = static_cast<int32_t>(std::max<int64_t>(1, share));
  }
  return opps;
}

std::vector<IdleState> read_idle_states(const YamlMap& type) {
  std::vector<IdleState> states;
  for (const YAML::Node& entry : list_of(type, "idle_states", "[{name: C1, exit_latency_us: 1}]")) {
    YamlMap map(entry, type.file(), "an idle state", names_of(idle_state_keys()));
    if (!map.has("name")) throw Error(map.where(), "an idle state has no 'name'", "call it like C1");
    IdleState& state = states.emplace_back();
    state.name = map.text("name");
    state.exit_latency = time_of(map, idle_state_keys(), "exit_latency");
    state.target_residency = time_of(map, idle_state_keys(), "target_residency");
    state.cpu_uw = power_of(map, idle_state_keys(), "cpu");
    state.shared_uw = power_of(map, idle_state_keys(), "shared");
    state.polls = map.has("polls") && map.boolean("polls");
  }
  return states;
}

void read_by_class(const YamlMap& type, const std::string& key, std::array<int32_t, kNrWorkClasses>& values) {
  if (!type.has(key)) return;
  YamlMap map(type.at(key), type.file(), key, names_of(work_class_keys()));
  for (size_t i = 0; i < kNrWorkClasses; ++i)
    values[i] = static_cast<int32_t>(integer_or(map, work_class_keys(), kWorkClassNames[i], values[i]));
}

IsaSet read_isa(const YamlMap& type) {
  if (!type.has("isa")) return ~IsaSet{0};
  const std::vector<std::string> names(std::begin(kIsaNames), std::end(kIsaNames));
  IsaSet isa = 0;
  for (const YAML::Node& entry : list_of(type, "isa", "[avx2]")) {
    const std::string name = yaml_text(entry, type.file(), "isa");
    auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end())
      throw Error(yaml_where(entry, type.file()), "there is no instruction set '" + name + "'", suggest(name, names));
    isa |= IsaSet{1} << (found - names.begin());
  }
  return isa;
}

CoreType read_type(const YamlMap& map, const std::string& name, int32_t* capacity) {
  CoreType type;
  type.name = name;
  *capacity = static_cast<int32_t>(integer_or(map, core_type_keys(), "capacity", 0));
  type.opps = read_opps(map, *capacity != 0 ? *capacity : kCapacityScale);
  if (!type.opps.empty() && *capacity == 0) *capacity = type.opps.back().capacity;
  type.idle_states = read_idle_states(map);
  read_by_class(map, "class_speed", type.class_speed);
  read_by_class(map, "smt_share", type.class_smt_share);
  type.isa = read_isa(map);
  type.transition_latency = time_of(map, core_type_keys(), "transition_latency");
  type.transition_delay = time_of(map, core_type_keys(), "transition_delay");
  return type;
}

size_t index_of(const std::vector<CoreType>& types, const std::string& name) {
  auto found = std::find_if(types.begin(), types.end(), [&](const CoreType& type) { return type.name == name; });
  return static_cast<size_t>(found - types.begin());
}

[[noreturn]] void unknown_type(const std::string& where, const std::string& name, const std::vector<CoreType>& types) {
  std::vector<std::string> names;
  for (const CoreType& type : types) names.push_back(type.name);
  throw Error(where, "there is no core type '" + name + "'",
              names.empty() ? "list it under core_types" : suggest(name, names));
}

}  // namespace

CoreTypes read_core_types(const YamlMap& machine) {
  CoreTypes found;
  if (!machine.has("core_types")) return found;
  YAML::Node node = machine.at("core_types");
  if (!node.IsMap() || node.size() == 0)
    throw Error(machine.where("core_types"), "core_types is not a mapping", "write it as {NAME: {capacity: 1024}}");
  for (const auto& entry : node) {
    const std::string name = yaml_text(entry.first, machine.file(), "a core type's name");
    if (index_of(found.types, name) < found.types.size())
      throw Error(yaml_where(entry.first, machine.file()), "'" + name + "' is given twice", "keep one");
    YamlMap map(entry.second, machine.file(), "a core type", names_of(core_type_keys()));
    found.types.push_back(read_type(map, name, &found.capacities.emplace_back()));
  }
  return found;
}

CoreTypeId CoreTypes::of(const YamlMap& group) const {
  if (!group.has("type")) return CoreTypeId(0);
  const std::string name = group.text("type");
  const size_t index = index_of(types, name);
  if (index == types.size()) unknown_type(group.where("type"), name, types);
  return CoreTypeId(index);
}

void CoreTypes::give(const YamlMap& machine, bool listed, MachineSpec& spec) const {
  if (types.empty()) return;
  // A machine that was read without core types has one that nobody named.
  const bool unnamed = spec.core_types.size() <= 1 && (spec.core_types.empty() || spec.core_types[0] == CoreType());
  std::vector<bool> replaced(std::max(spec.core_types.size(), types.size()), unnamed && !listed);
  if (unnamed) {
    spec.core_types = types;
  } else {
    for (const CoreType& type : types) {
      const size_t index = index_of(spec.core_types, type.name);
      if (index == spec.core_types.size()) unknown_type(machine.where("core_types"), type.name, spec.core_types);
      spec.core_types[index] = type;
      replaced[index] = true;
    }
  }
  for (Cpu& cpu : spec.cpus) {
    if (!cpu.type.valid()) cpu.type = CoreTypeId(0);
    if (!replaced[cpu.type.index()]) continue;
    const int32_t top = capacities[index_of(types, spec.core_types[cpu.type.index()].name)];
    if (top == 0) continue;
    if (cpu.kernel_capacity == cpu.capacity) cpu.kernel_capacity = top;
    cpu.capacity = top;
  }
}

}  // namespace simsched

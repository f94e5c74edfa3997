#include "experiment/mix.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <tuple>

#include "base/error.h"
#include "base/placed.h"
#include "base/suggest.h"
#include "base/yaml/yaml_values.h"
#include "experiment/config_keys.h"
#include "workloads/append.h"
#include "workloads/registry.h"

namespace simsched {
namespace {

constexpr Nanos kLongest = 1000000_s;
constexpr const char* kExample = "write one entry a line: - {hogs: {tasks: 4}, nice: 5, name: batch}";

std::vector<std::string> common_keys() {
  std::vector<std::string> keys = names_of(task_keys());
  for (const ConfigKey& key : part_keys()) keys.emplace_back(key.name);
  return keys;
}

class PartReader {
 public:
  PartReader(const YAML::Node& node, const std::string& file, std::vector<std::string> keys)
      : map_(node, file, "an entry of mix", keys) {}

  // What both kinds of parts may have.
  void attributes(MixPart& part, const MixConfig& mix) const {
    part.where = map_.where();
    if (map_.has("name")) part.name = map_.text("name");
    part.attributes = read_attributes(map_, mix.groups);
    if (map_.has("start")) part.start = yaml_duration(map_, "start", 0_ns, kLongest);
    if (map_.has("stop")) part.stop = yaml_duration(map_, "stop", 0_ns, kLongest);
    if (part.stop <= part.start)
      throw Error(map_.where("stop"), part.stop < part.start ? "it stops before it starts" : "it stops as it starts",
                  "take a time after its start");
    part.copies = map_.has("copies") ? static_cast<size_t>(integer_of(map_, part_keys(), "copies")) : 1;
  }

  void trace(MixPart& part) const {
    part.trace = map_.text("trace");
    if (part.trace.empty()) throw Error(map_.where("trace"), "trace is empty", "give the path of a recording");
    if (map_.has("limit")) part.limit = yaml_duration(map_, "limit", 1_us, kLongest);
  }

 private:
  YamlMap map_;
};

MixPart read_part(const YAML::Node& node, const std::string& file, const MixConfig& mix) {
  if (!node.IsMap()) throw Error(yaml_where(node, file), "an entry of mix is not a mapping", kExample);
  MixPart part;
  std::vector<std::string> keys = common_keys(), generators;
  if (node["trace"].IsDefined()) {
    keys.insert(keys.end(), {"trace", "limit"});
    const PartReader reader(node, file, keys);
    reader.attributes(part, mix);
    reader.trace(part);
    return part;
  }
  for (const GeneratorInfo& info : generator_infos()) generators.push_back(info.name);
  std::string unknown;
  for (const auto& entry : node) {
    const std::string key = yaml_text(entry.first, file, "a key");
    if (std::find(generators.begin(), generators.end(), key) != generators.end()) {
      if (!part.generator.empty())
        throw Error(yaml_where(entry.first, file),
                    "an entry of mix has both '" + part.generator + "' and '" + key + "'", "make two entries of them");
      part.generator = key;
      part.params = entry.second;
    } else if (unknown.empty() && std::find(keys.begin(), keys.end(), key) == keys.end()) {
      unknown = key;
    }
  }
  if (part.generator.empty()) {
    if (!unknown.empty())
      throw Error(yaml_where(node, file), "there is no workload '" + unknown + "'", suggest(unknown, generators));
    throw Error(yaml_where(node, file), "an entry of mix has neither a generator nor a trace", kExample);
  }
  keys.push_back(part.generator);
  PartReader(node, file, keys).attributes(part, mix);
  return part;
}

}  // namespace

MixConfig read_mix(const YAML::Node& workload, const std::string& file) {
  const YamlMap map(workload, file, "a mix", names_of(mix_keys()));
  const YAML::Node list = map.at("mix");
  if (!list.IsSequence() || list.size() == 0) throw Error(map.where("mix"), "mix is not a list", kExample);
  MixConfig mix;
  mix.groups = read_groups(map);
  for (const YAML::Node& node : list) mix.parts.push_back(read_part(node, file, mix));
  return mix;
}

std::vector<SharedMemory> shared_memories(const MixConfig& mix) {
  std::vector<SharedMemory> memories;
  for (const MixPart& part : mix.parts) {
    const std::optional<std::string>& name = part.attributes.share;
    if (name && std::ranges::find(memories, *name, &SharedMemory::name) == memories.end())
      memories.push_back({*name, part.where});
    if (memories.size() >= UINT16_MAX) throw Error(part.where, "there are too many shared memories", "share fewer");
  }
  return memories;
}

void add_part(Workload& to, Workload workload, const MixPart& part, const std::vector<SharedMemory>& memories) {
  // One kind of task has the part's name, of several each keeps its own behind it.
  if (!part.name.empty()) {
    const bool alike = std::all_of(workload.tasks.begin(), workload.tasks.end(),
                                   [&](const TaskSpec& task) { return task.name == workload.tasks[0].name; });
    for (std::string& name : workload.names) name = alike ? part.name : part.name + "." + name;
  }
  if ((part.start > Nanos(0) || part.stop < Nanos::max()) && workload.packets.any())
    throw Error(part.where, "packets come from the beginning to the end, whatever their part says",
                "leave start and stop out");
  // Of the kernel, not of a load.
  auto netdev = [](const Workload& of) {
    const NetdevParams& n = of.packets.netdev;
    return std::tuple(n.budget, n.budget_time, n.weight, n.interrupt);
  };
  if (to.packets.any() && workload.packets.any() && netdev(to) != netdev(workload))
    throw Error(part.where, "its netdev is not that of the upf before it, and a machine has one",
                "give both the same, or leave out both");
  const TaskId first = placed(part.where, [&] { return append(to, workload); });
  for (size_t i = first.index(); i < to.tasks.size(); ++i) {
    TaskSpec& task = to.tasks[i];
    const TaskSpec& own = workload.tasks[i - first.index()];
    if (!task.parent.valid()) task.start += part.start;
    if (part.stop != Nanos::max())
      to.changes.push_back({part.stop, Nanos(0), {OpKind::kKill, kOpEnds, 0, static_cast<int32_t>(i), 0}});
    if (task.kthread) continue;
    TaskAttributes attributes = part.attributes;
    if (own.affinity != AffinityId(0)) attributes.cpus.reset();
    apply_attributes(attributes, to, TaskId(i), part.start);
    if (attributes.share) {
      const auto memory = std::ranges::find(memories, *attributes.share, &SharedMemory::name);
      task.share = static_cast<uint16_t>(memory - memories.begin() + 1);
    }
  }
  // Times of programs that are absolute count from the part's start.
  if (part.start > Nanos(0))
    for (size_t i = to.ops.size() - workload.ops.size(); i < to.ops.size(); ++i)
      if (to.ops[i].kind == OpKind::kSleepUntil) to.ops[i].value += part.start.count();
  for (size_t i = to.timers.size() - workload.timers.size(); i < to.timers.size(); ++i) to.timers[i] += part.start;
}

}  // namespace simsched

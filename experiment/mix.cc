#include "experiment/mix.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>

#include "base/duration.h"
#include "base/error.h"
#include "base/suggest.h"
#include "workloads/append.h"
#include "workloads/registry.h"

namespace simsched {
namespace {

constexpr Nanos kLongest = 1000000_s;
constexpr int64_t kMostCopies = 100000;
constexpr const char* kExample = "write one entry a line: - {hogs: {tasks: 4}, nice: 5, name: batch}";

const std::vector<std::string> kAttributes = {"name",  "nice",       "policy",     "priority",   "slice", "cpus",
                                              "group", "uclamp_min", "uclamp_max", "background", "start", "copies"};

struct PolicyName {
  const char* name;
  SchedPolicy policy;
};
constexpr PolicyName kPolicies[] = {{"other", SchedPolicy::kNormal}, {"batch", SchedPolicy::kBatch},
                                    {"idle", SchedPolicy::kIdle},    {"fifo", SchedPolicy::kFifo},
                                    {"rr", SchedPolicy::kRr},        {"ext", SchedPolicy::kExt}};

class PartReader {
 public:
  PartReader(const YAML::Node& node, const std::string& file, std::vector<std::string> keys)
      : map_(node, file, "an entry of mix", keys) {}

  // What both kinds of parts may have.
  void attributes(MixPart& part, const MixConfig& mix) const {
    part.where = map_.where();
    if (map_.has("name")) part.name = map_.text("name");
    if (map_.has("nice")) part.nice = static_cast<int8_t>(map_.integer("nice", -20, 19));
    if (map_.has("policy")) part.policy = policy();
    if (map_.has("priority")) part.rt_priority = static_cast<uint8_t>(map_.integer("priority", 1, 99));
    if (part.policy && is_real_time(*part.policy) && !part.rt_priority) part.rt_priority = uint8_t{10};
    if (part.rt_priority && (!part.policy || !is_real_time(*part.policy)))
      throw Error(map_.where("priority"), "a priority is of real-time tasks", "add policy: fifo or rr, or use nice");
    if (map_.has("slice")) part.slice = duration("slice", 100_us, 100_ms);
    if (map_.has("cpus")) part.cpus = cpus();
    if (map_.has("group")) part.group = group(mix);
    if (map_.has("uclamp_min")) part.uclamp_min = clamp("uclamp_min");
    if (map_.has("uclamp_max")) part.uclamp_max = clamp("uclamp_max");
    if (part.uclamp_min.value_or(0) > part.uclamp_max.value_or(kCapacityScale))
      throw Error(map_.where("uclamp_min"), "uclamp_min is above uclamp_max", "take one that is not");
    if (map_.has("background")) part.background = map_.boolean("background");
    if (map_.has("start")) part.start = duration("start", 0_ns, kLongest);
    part.copies = static_cast<size_t>(map_.integer_or("copies", 1, kMostCopies, 1));
  }

  void trace(MixPart& part) const {
    part.trace = map_.text("trace");
    if (part.trace.empty()) throw Error(map_.where("trace"), "trace is empty", "give the path of a recording");
    if (map_.has("limit")) part.limit = duration("limit", 1_us, kLongest);
  }

 private:
  Nanos duration(const char* key, Nanos low, Nanos high) const {
    return read_duration(map_.text(key), key, low, high, map_.where(key));
  }
  uint16_t clamp(const char* key) const { return static_cast<uint16_t>(map_.integer(key, 0, kCapacityScale)); }

  SchedPolicy policy() const {
    const std::string text = map_.text("policy");
    std::vector<std::string> names;
    for (const PolicyName& known : kPolicies) {
      if (text == known.name) return known.policy;
      names.push_back(known.name);
    }
    throw Error(map_.where("policy"), "there is no scheduling policy '" + text + "'", suggest(text, names));
  }

  CpuSet cpus() const {
    try {
      CpuSet set = CpuSet::parse(map_.text("cpus"));
      if (!set.empty()) return set;
    } catch (const Error& error) {
      throw Error(map_.where("cpus"), error.problem(), error.remedy());
    }
    throw Error(map_.where("cpus"), "cpus is empty", "list them like 0-3,8");
  }

  std::string group(const MixConfig& mix) const {
    std::string name = map_.text("group");
    std::vector<std::string> names;
    for (const auto& [known, weight] : mix.groups) names.push_back(known);
    if (std::find(names.begin(), names.end(), name) != names.end()) return name;
    throw Error(map_.where("group"), "there is no group '" + name + "'",
                names.empty() ? "name it beside mix: groups: {" + name + ": {weight: 100}}" : suggest(name, names));
  }

  YamlMap map_;
};

std::vector<std::pair<std::string, int32_t>> read_groups(const YamlMap& map) {
  std::vector<std::pair<std::string, int32_t>> groups;
  if (!map.has("groups")) return groups;
  const YAML::Node list = map.at("groups");
  if (!list.IsMap()) throw Error(map.where("groups"), "groups is not a mapping", "write it as {batch: {weight: 50}}");
  for (const auto& entry : list) {
    const std::string name = yaml_text(entry.first, map.file(), "a group");
    YamlMap group(entry.second, map.file(), "a group", {"weight"});
    groups.emplace_back(name, static_cast<int32_t>(group.integer_or("weight", 1, 10000, kDefaultGroupWeight)));
  }
  return groups;
}

MixPart read_part(const YAML::Node& node, const std::string& file, const MixConfig& mix) {
  if (!node.IsMap()) throw Error(yaml_where(node, file), "an entry of mix is not a mapping", kExample);
  MixPart part;
  std::vector<std::string> keys = kAttributes, generators;
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
  const YamlMap map(workload, file, "a mix", {"mix", "groups"});
  const YAML::Node list = map.at("mix");
  if (!list.IsSequence() || list.size() == 0) throw Error(map.where("mix"), "mix is not a list", kExample);
  MixConfig mix;
  mix.groups = read_groups(map);
  for (const YAML::Node& node : list) mix.parts.push_back(read_part(node, file, mix));
  return mix;
}

void add_part(Workload& to, Workload workload, const MixPart& part, const MixConfig& mix) {
  const auto group =
      std::find_if(mix.groups.begin(), mix.groups.end(), [&](const auto& known) { return known.first == part.group; });
  // One kind of task has the part's name, of several each keeps its own behind it.
  if (!part.name.empty()) {
    const bool alike = std::all_of(workload.tasks.begin(), workload.tasks.end(),
                                   [&](const TaskSpec& task) { return task.name == workload.tasks[0].name; });
    for (std::string& name : workload.names) name = alike ? part.name : part.name + "." + name;
  }
  const TaskId first = append(to, workload);
  for (size_t i = first.index(); i < to.tasks.size(); ++i) {
    TaskSpec& task = to.tasks[i];
    const TaskSpec& own = workload.tasks[i - first.index()];
    if (!task.parent.valid()) task.start += part.start;
    if (task.kthread) continue;
    if (part.nice) task.nice = *part.nice;
    if (part.policy) task.policy = *part.policy;
    if (part.rt_priority) task.rt_priority = *part.rt_priority;
    if (part.slice) task.slice = *part.slice;
    if (part.uclamp_min) task.uclamp_min = *part.uclamp_min;
    if (part.uclamp_max) task.uclamp_max = *part.uclamp_max;
    if (part.background) task.background = *part.background;
    if (part.cpus && own.affinity == AffinityId(0)) task.affinity = to.intern_affinity(*part.cpus);
    if (!part.group.empty()) task.group = GroupId(static_cast<size_t>(group - mix.groups.begin()) + 1);
  }
  // Times of programs that are absolute count from the part's start.
  if (part.start > Nanos(0))
    for (size_t i = to.ops.size() - workload.ops.size(); i < to.ops.size(); ++i)
      if (to.ops[i].kind == OpKind::kSleepUntil) to.ops[i].value += part.start.count();
  for (size_t i = to.timers.size() - workload.timers.size(); i < to.timers.size(); ++i) to.timers[i] += part.start;
}

}  // namespace simsched

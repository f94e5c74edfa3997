#include "experiment/groups.h"

#include <algorithm>

#include "base/error.h"
#include "base/suggest.h"
#include "base/yaml/yaml_values.h"
#include "experiment/config_keys.h"
#include "experiment/task_attributes.h"

namespace simsched {
namespace {

constexpr size_t kMostGroups = 4096;
constexpr size_t kDeepest = 32;
constexpr Nanos kLeastQuota = 1_ms, kLeastPeriod = 1_ms, kMostPeriod = 1_s;  // kernel/sched/core.c, 6.12
constexpr const char* kExample = "write it as {batch: {weight: 50}}";
const std::vector<std::string> kSettings = {"weight", "idle", "max", "cpus"};

// cpu.max and cpu.max.burst.
void read_max(const YamlMap& map, GroupSpec& spec) {
  const YAML::Node node = map.at("max");
  spec.quota = Nanos::max();
  spec.period = GroupSpec{}.period;
  spec.burst = Nanos(0);
  if (node.IsScalar() && node.Scalar() == "max") return;
  const std::string example = "write it as max: {quota: 20ms, period: 100ms}, or max: max for no bound";
  if (!node.IsMap()) throw Error(map.where("max"), "max is not a mapping", example);
  const YamlMap max(node, map.file(), "max", names_of(quota_keys()));
  if (!max.has("quota")) throw Error(max.where(), "max has no quota", example);
  if (max.has("period")) spec.period = yaml_duration(max, "period", kLeastPeriod, kMostPeriod);
  spec.quota = yaml_duration(max, "quota", kLeastQuota, 1000000_s);
  if (max.has("burst")) spec.burst = yaml_duration(max, "burst", 0_ns, spec.quota);
}

void read_settings(const YamlMap& map, GroupSettings& settings, std::vector<NamedCpus>& named) {
  GroupSpec& spec = settings.spec;
  if (map.has("idle")) spec.idle = map.boolean("idle");
  if (map.has("weight")) {
    if (spec.idle)
      throw Error(map.where("weight"), "the weight of an idle group counts nothing", "leave out weight or idle");
    spec.weight = static_cast<int32_t>(integer_of(map, group_keys(), "weight"));
  }
  if (map.has("max")) read_max(map, spec);
  if (map.has("cpus")) {
    settings.cpus = yaml_cpus(map.at("cpus"), map.file(), "cpus");
    named.push_back({*settings.cpus, map.where("cpus")});
  }
}

class Reader {
 public:
  explicit Reader(const std::string& file) : file_(file) {}

  void read(const YAML::Node& list, const std::string& where, GroupId parent, const std::string& prefix, size_t depth) {
    if (!list.IsMap()) throw Error(where, "groups is not a mapping", kExample);
    if (depth >= kDeepest)
      throw Error(where, "groups are nested more than " + std::to_string(kDeepest) + " deep", "nest fewer");
    for (const auto& entry : list) {
      const std::string name = yaml_text(entry.first, file_, "a group"), at = yaml_where(entry.first, file_);
      const std::string path = prefix + name;
      if (name.empty() || name.find('/') != std::string::npos)
        throw Error(at, "'" + name + "' is no name of a group", "give one without '/'; groups in it are its groups:");
      for (const GroupConfig& known : groups_)
        if (known.path == path) throw Error(at, "there are two groups '" + path + "'", "give one another name");
      if (groups_.size() >= kMostGroups)
        throw Error(at, "there are more than " + std::to_string(kMostGroups) + " groups", "take fewer");
      if (!entry.second.IsMap()) throw Error(at, "group '" + path + "' is not a mapping", kExample);
      const YamlMap map(entry.second, file_, "a group", names_of(group_keys()));
      GroupConfig& group = groups_.emplace_back();
      group.path = path;
      group.spec.name = name;
      group.spec.parent = parent;
      read_settings(map, group, group.named_cpus);
      if (map.has("changes")) read_changes(map, group);
      const GroupId id(groups_.size());
      if (map.has("groups")) read(map.at("groups"), map.where("groups"), id, path + "/", depth + 1);
    }
  }

  std::vector<GroupConfig> groups() && { return std::move(groups_); }

 private:
  void read_changes(const YamlMap& map, GroupConfig& group) {
    const std::string example = "write it as [{at: 1s, weight: 50}]";
    const YAML::Node list = map.at("changes");
    if (!list.IsSequence()) throw Error(map.where("changes"), "changes is not a list", example);
    GroupSettings now = group;
    for (const YAML::Node& node : list) {
      const YamlMap change(node, file_, "a change of a group", names_of(group_change_keys()));
      if (!change.has("at")) throw Error(change.where(), "a change has no time", example);
      if (std::ranges::none_of(kSettings, [&](const std::string& key) { return change.has(key); }))
        throw Error(change.where(), "nothing is changed here", example);
      const Nanos at = yaml_duration(change, "at", 0_ns, kLatestChange);
      if (!group.changes.empty() && at < group.changes.back().at)
        throw Error(change.where("at"), "this change comes before the one above it", "list them in the order of time");
      // cpu.weight is the default again when a group ceases to be idle.
      if (change.has("idle") && change.boolean("idle") != now.spec.idle) now.spec.weight = kDefaultGroupWeight;
      read_settings(change, now, group.named_cpus);
      group.changes.push_back({at, now});
    }
  }

  const std::string& file_;
  std::vector<GroupConfig> groups_;
};

}  // namespace

std::vector<GroupConfig> read_groups(const YamlMap& map) {
  Reader reader(map.file());
  if (map.has("groups")) reader.read(map.at("groups"), map.where("groups"), GroupId(0), "", 0);
  return std::move(reader).groups();
}

GroupId find_group(const std::vector<GroupConfig>& groups, const std::string& name, const std::string& where) {
  if (name == "/") return GroupId(0);
  std::vector<std::string> paths;
  std::vector<size_t> called;
  for (size_t i = 0; i < groups.size(); ++i) {
    if (groups[i].path == name) return GroupId(i + 1);
    if (groups[i].spec.name == name) called.push_back(i);
    paths.push_back(groups[i].path);
  }
  if (called.size() == 1) return GroupId(called[0] + 1);
  if (called.size() > 1)
    throw Error(where, "'" + name + "' is the name of " + std::to_string(called.size()) + " groups",
                "write its path, as in " + groups[called[0]].path);
  throw Error(where, "there is no group '" + name + "'",
              paths.empty() ? "name it beside mix: groups: {" + name + ": {weight: 100}}" : suggest(name, paths));
}

void add_groups(const std::vector<GroupConfig>& groups, Workload& workload) {
  auto spec_of = [&](const GroupSettings& settings) {
    GroupSpec spec = settings.spec;
    if (settings.cpus) spec.cpus = workload.intern_affinity(*settings.cpus);
    return spec;
  };
  for (const GroupConfig& group : groups) {
    workload.groups.push_back(spec_of(group));
    const auto id = static_cast<int32_t>(workload.groups.size() - 1);
    for (const GroupConfig::Change& change : group.changes) {
      workload.settings.push_back(spec_of(change.settings));
      const auto number = static_cast<int64_t>(workload.settings.size() - 1);
      workload.changes.push_back({change.at, Nanos(0), {OpKind::kChangeGroup, 0, 0, id, number}});
    }
  }
}

}  // namespace simsched

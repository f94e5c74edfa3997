#include "experiment/task_attributes.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <span>
#include <utility>

#include "base/error.h"
#include "base/suggest.h"
#include "base/yaml/yaml_values.h"
#include "experiment/config_keys.h"

namespace simsched {
namespace {

constexpr int64_t kMostKib = INT32_MAX;  // 2 TiB
constexpr uint8_t kDefaultPriority = 10;

// By kTaskPolicyNames.
constexpr SchedPolicy kPolicies[] = {SchedPolicy::kNormal,   SchedPolicy::kNormal, SchedPolicy::kBatch,
                                     SchedPolicy::kIdle,     SchedPolicy::kFifo,   SchedPolicy::kRr,
                                     SchedPolicy::kDeadline, SchedPolicy::kExt};
static_assert(std::size(kPolicies) == std::size(kTaskPolicyNames));

SchedPolicy read_policy(const YAML::Node& node, const std::string& file) {
  const std::string text = yaml_text(node, file, "policy");
  for (size_t i = 0; i < std::size(kPolicies); ++i)
    if (text == kTaskPolicyNames[i] || text == std::to_string(static_cast<int>(kPolicies[i]))) return kPolicies[i];
  const std::vector<std::string> names(std::begin(kTaskPolicyNames), std::end(kTaskPolicyNames));
  throw Error(yaml_where(node, file), "there is no scheduling policy '" + text + "'", suggest(text, names));
}

// A whole number and what stands behind it.
std::optional<std::pair<int64_t, std::string>> split_number(const std::string& text) {
  int64_t value = 0;
  auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed != std::errc() || value < 0) return std::nullopt;
  return std::pair(value, std::string(end, text.data() + text.size()));
}

uint16_t read_share(const YamlMap& map) {
  const std::string text = map.text("memory");
  const auto number = split_number(text);
  if (!number || number->second != "%" || number->first > 100)
    throw Error(map.where("memory"), "memory is '" + text + "'", "write the share that waits for memory, as 30%");
  return static_cast<uint16_t>(number->first * kCapacityScale / 100);
}

int32_t read_footprint(const YamlMap& map) {
  const std::string text = map.text("footprint");
  const auto number = split_number(text);
  int64_t unit = 0;
  for (auto [name, kib] : {std::pair<const char*, int64_t>{"KiB", 1}, {"MiB", 1024}, {"GiB", 1024 * 1024}})
    if (number && number->second == name) unit = kib;
  if (unit == 0) throw Error(map.where("footprint"), "footprint is '" + text + "'", "write it as 512KiB, 8MiB or 2GiB");
  if (number->first > kMostKib / unit)
    throw Error(map.where("footprint"), "footprint is '" + text + "', which is too large", "take less than 2048GiB");
  return static_cast<int32_t>(number->first * unit);
}

// The place of a word in a list of them.
size_t read_choice(const YAML::Node& node, const std::string& file, const std::string& key,
                   std::span<const char* const> words) {
  const std::string text = yaml_text(node, file, key);
  const std::vector<std::string> known(words.begin(), words.end());
  const auto found = std::find(known.begin(), known.end(), text);
  if (found == known.end()) throw Error(yaml_where(node, file), key + " is '" + text + "'", suggest(text, known));
  return static_cast<size_t>(found - known.begin());
}

// A priority goes with a real-time policy, which has one.
std::optional<uint8_t> read_priority(const YamlMap& map, std::optional<SchedPolicy> policy) {
  const bool has_one = policy && is_real_time(*policy);
  if (!map.has("priority")) return has_one ? std::optional(kDefaultPriority) : std::nullopt;
  if (!has_one)
    throw Error(map.where("priority"), "a priority is of real-time tasks", "add policy: fifo or rr, or use nice");
  return static_cast<uint8_t>(integer_of(map, task_keys(), "priority"));
}

// What a deadline task asks for goes with its policy, which has no other.
std::optional<Reservation> read_reservation(const YamlMap& map, bool of_deadline) {
  for (const char* key : {"runtime", "deadline", "period"})
    if (map.has(key) && !of_deadline)
      throw Error(map.where(key), std::string("a ") + key + " is of deadline tasks", "add policy: deadline");
  if (!of_deadline) return std::nullopt;
  if (!map.has("runtime") || (!map.has("deadline") && !map.has("period")))
    throw Error(map.where("policy"), "a deadline task has no " + std::string(map.has("runtime") ? "period" : "runtime"),
                "write it as {policy: deadline, runtime: 10ms, period: 100ms}");
  auto read = [&](const char* key, const char* other) {
    return yaml_duration(map, map.has(key) ? key : other, 0_ns, kLatestChange);
  };
  Reservation reservation{read("runtime", "runtime"), read("deadline", "period"), read("period", "deadline"),
                          map.where("runtime")};
  if (const std::string problem = reservation_problem(reservation); !problem.empty())
    throw Error(reservation.where, reservation_text(reservation) + ": " + problem,
                "take a runtime up to the deadline, and a deadline up to the period");
  return reservation;
}

class ChangeReader {
 public:
  ChangeReader(const YAML::Node& node, const std::string& file, const std::vector<GroupConfig>& groups)
      : map_(node, file, "a change", names_of(change_keys())), groups_(groups) {}

  void read(TaskAttributes& to) const {
    std::vector<TaskChange>& changes = to.changes;
    const char* example = "write it as {at: 100ms, nice: 5}, or {every: 10ms, cpus: [\"0\", \"1\"]}";
    if (!map_.has("at") && !map_.has("every")) throw Error(map_.where(), "a change has no time", example);
    TaskChange change;
    if (map_.has("every")) change.at = change.every = yaml_duration(map_, "every", 1_us, kLatestChange);
    if (map_.has("at")) change.at = yaml_duration(map_, "at", 0_ns, kLatestChange);
    const size_t before = changes.size();
    for (auto [key, kind] : {std::pair{"nice", OpKind::kSetNice},
                             {"policy", OpKind::kSetPolicy},
                             {"cpus", OpKind::kSetAffinity},
                             {"group", OpKind::kSetGroup}}) {
      if (!map_.has(key)) continue;
      change.kind = kind;
      change.values = values(key, kind);
      for (const TaskChange::Value& each : change.values)
        if (kind == OpKind::kSetAffinity) to.named_cpus.push_back({each.cpus, map_.where(key)});
      if (change.values.size() > 1 && change.every == Nanos(0))
        throw Error(map_.where(key), std::string("a list of ") + key + " is for changes again and again",
                    "say how often: every: 10ms");
      changes.push_back(change);
    }
    if (changes.size() == before) throw Error(map_.where(), "nothing is changed here", example);
    if (map_.has("priority") && !map_.has("policy"))
      throw Error(map_.where("priority"), "a priority goes with a policy", "add policy: fifo or rr");
    if (!to_deadline(changes.begin() + static_cast<ptrdiff_t>(before), changes.end())) read_reservation(map_, false);
  }

 private:
  using Changes = std::vector<TaskChange>::const_iterator;
  static bool to_deadline(Changes first, Changes last) {
    return std::any_of(first, last, [](const TaskChange& change) {
      return std::ranges::any_of(change.values, [](const auto& value) { return value.reservation.has_value(); });
    });
  }

  std::vector<TaskChange::Value> values(const char* key, OpKind kind) const {
    const YAML::Node node = map_.at(key);
    if (!node.IsSequence()) return {value(node, key, kind)};
    std::vector<TaskChange::Value> list;
    for (const YAML::Node& each : node) list.push_back(value(each, key, kind));
    if (list.empty()) throw Error(map_.where(key), std::string(key) + " is empty", "name one value at least");
    return list;
  }

  TaskChange::Value value(const YAML::Node& node, const char* key, OpKind kind) const {
    const std::string& file = map_.file();
    TaskChange::Value result;
    if (kind == OpKind::kSetNice) {
      result.value = yaml_integer(node, file, key, -20, 19);
    } else if (kind == OpKind::kSetPolicy) {
      const SchedPolicy policy = read_policy(node, file);
      result.value = static_cast<int64_t>(policy);
      const bool of_this = is_real_time(policy) || map_.at(key).IsScalar();
      result.priority = of_this ? read_priority(map_, policy).value_or(0) : uint8_t{0};
      if (policy == SchedPolicy::kDeadline) result.reservation = read_reservation(map_, true);
    } else if (kind == OpKind::kSetAffinity) {
      result.cpus = yaml_cpus(node, file, "cpus");
    } else {
      result.value = find_group(groups_, yaml_text(node, file, key), yaml_where(node, file)).value();
    }
    return result;
  }

  YamlMap map_;
  const std::vector<GroupConfig>& groups_;
};

void read_changes(const YamlMap& map, const std::vector<GroupConfig>& groups, TaskAttributes& to) {
  if (!map.has("changes")) return;
  const YAML::Node list = map.at("changes");
  if (!list.IsSequence()) throw Error(map.where("changes"), "changes is not a list", "write it as [{at: 1s, nice: 5}]");
  for (const YAML::Node& node : list) ChangeReader(node, map.file(), groups).read(to);
}

}  // namespace

TaskAttributes read_attributes(const YamlMap& map, const std::vector<GroupConfig>& groups) {
  TaskAttributes a;
  if (map.has("nice")) a.nice = static_cast<int8_t>(integer_of(map, task_keys(), "nice"));
  if (map.has("policy")) a.policy = read_policy(map.at("policy"), map.file());
  a.rt_priority = read_priority(map, a.policy);
  a.reservation = read_reservation(map, a.policy == SchedPolicy::kDeadline);
  if (map.has("slice") && map.has("slice_ns"))
    throw Error(map.where("slice_ns"), "both slice and slice_ns are given", "keep one of them");
  for (const char* key : {"slice", "slice_ns"})
    if (map.has(key)) a.slice = yaml_duration(map, key, 100_us, 100_ms);
  if (map.has("cpus")) {
    a.cpus = yaml_cpus(map.at("cpus"), map.file(), "cpus");
    a.named_cpus.push_back({*a.cpus, map.where("cpus")});
  }
  if (map.has("group")) a.group = find_group(groups, map.text("group"), map.where("group"));
  auto clamp = [&](const char* key) { return static_cast<uint16_t>(integer_of(map, task_keys(), key)); };
  if (map.has("uclamp_min")) a.uclamp_min = clamp("uclamp_min");
  if (map.has("uclamp_max")) a.uclamp_max = clamp("uclamp_max");
  if (a.uclamp_min.value_or(0) > a.uclamp_max.value_or(kCapacityScale))
    throw Error(map.where("uclamp_min"), "uclamp_min is above uclamp_max", "take one that is not");
  if (map.has("background")) a.background = map.boolean("background");
  if (map.has("memory")) a.memory = read_share(map);
  if (map.has("footprint")) a.footprint_kib = read_footprint(map);
  if (map.has("share")) a.share = map.text("share");
  if (a.share && a.share->empty()) throw Error(map.where("share"), "share is empty", "call the memory something");
  if (map.has("class"))
    a.work_class = static_cast<WorkClass>(read_choice(map.at("class"), map.file(), "class", kWorkClassNames));
  if (map.has("isa")) {
    if (!map.at("isa").IsSequence()) throw Error(map.where("isa"), "isa is not a list", "write it as [avx512]");
    a.isa = 0;
    for (const YAML::Node& name : map.at("isa")) *a.isa |= IsaSet{1} << read_choice(name, map.file(), "isa", kIsaNames);
  }
  read_changes(map, groups, a);
  return a;
}

void apply_attributes(const TaskAttributes& a, Workload& workload, TaskId id, Nanos start) {
  TaskSpec& task = workload.tasks[id.index()];
  if (a.nice) task.nice = *a.nice;
  if (a.policy) {
    task.policy = *a.policy;
    task.rt_priority = a.rt_priority.value_or(0);
    task.reservation = a.reservation ? workload.intern_reservation(*a.reservation) : uint16_t{0};
  }
  if (a.slice) task.slice = *a.slice;
  if (a.cpus) task.affinity = workload.intern_affinity(*a.cpus);
  if (a.group) task.group = *a.group;
  if (a.uclamp_min) task.uclamp_min = *a.uclamp_min;
  if (a.uclamp_max) task.uclamp_max = *a.uclamp_max;
  if (a.background) task.background = *a.background;
  if (a.memory) task.memory = *a.memory;
  if (a.footprint_kib) task.footprint_kib = *a.footprint_kib;
  if (a.work_class) task.work_class = *a.work_class;
  if (a.isa) task.isa = *a.isa;
  for (const TaskChange& change : a.changes) {
    const auto turns = static_cast<int64_t>(change.values.size());
    for (int64_t i = 0; i < turns; ++i) {
      const TaskChange::Value& to = change.values[static_cast<size_t>(i)];
      Op op{change.kind, 0, to.priority, id.value(), to.value};
      if (to.reservation) op.slot = workload.intern_reservation(*to.reservation);
      if (change.kind == OpKind::kSetAffinity) op.value = workload.intern_affinity(to.cpus).value();
      workload.changes.push_back({start + change.at + change.every * i, change.every * turns, op});
    }
  }
}

}  // namespace simsched

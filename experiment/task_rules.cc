#include "experiment/task_rules.h"

#include <algorithm>

#include "base/error.h"
#include "base/suggest.h"

namespace simsched {
namespace {

bool is_about(const TaskRule& rule, const std::string& name) {
  if (!rule.name.ends_with('*')) return rule.name == name;
  return name.starts_with(std::string_view(rule.name).substr(0, rule.name.size() - 1));
}

bool is_about(const TaskRule& rule, const Workload& workload, TaskId task) {
  for (; task.valid(); task = workload.tasks[task.index()].parent) {
    if (is_about(rule, workload.task_name(task))) return true;
    if (!rule.tree) break;
  }
  return false;
}

// Gives each shared memory its number. It is one memory: who shares it has the same footprint.
void number_shares(const std::vector<TaskRule>& rules, Workload& workload) {
  std::vector<std::string> names;
  auto number_of = [&](const TaskRule& rule) {
    return static_cast<size_t>(std::find(names.begin(), names.end(), *rule.share) - names.begin());
  };
  for (const TaskRule& rule : rules)
    if (rule.share && number_of(rule) == names.size()) names.push_back(*rule.share);
  if (names.size() >= UINT16_MAX)
    throw Error(rules.front().where, "there are " + std::to_string(names.size()) + " shared memories", "share fewer");
  std::vector<int32_t> footprint(names.size());
  for (const TaskRule& rule : rules) {
    for (size_t i = 0; i < workload.tasks.size(); ++i) {
      if (!rule.share || !is_about(rule, workload, TaskId(i))) continue;
      TaskSpec& task = workload.tasks[i];
      task.share = static_cast<uint16_t>(number_of(rule) + 1);
      const std::string who = "'" + workload.names[task.name] + "' shares '" + *rule.share + "' ";
      if (task.memory == 0 || task.footprint_kib == 0)
        throw Error(rule.where, who + "and has no memory", "give it memory and footprint, too");
      int32_t& common = footprint[number_of(rule)];
      if (common == 0) common = task.footprint_kib;
      if (task.footprint_kib != common) throw Error(rule.where, who + "with another footprint", "give both the same");
    }
  }
  for (const TaskRule& rule : rules) {
    if (!rule.share) continue;
    const auto shares = [number = number_of(rule) + 1](const TaskSpec& task) { return task.share == number; };
    if (std::count_if(workload.tasks.begin(), workload.tasks.end(), shares) > 1) continue;
    std::erase(names, *rule.share);
    const std::string nearest = nearest_name(*rule.share, names);
    throw Error(rule.where, "only one task shares '" + *rule.share + "'",
                nearest.empty() ? "let others share it, too, or leave it out" : "did you mean '" + nearest + "'?");
  }
}

}  // namespace

std::vector<TaskRule> read_task_rules(const YamlMap& config, const std::vector<GroupConfig>& groups) {
  std::vector<TaskRule> rules;
  if (!config.has("tasks")) return rules;
  const YAML::Node list = config.at("tasks");
  const char* example = "write one entry a line: - {name: cc1, memory: 30%, footprint: 8MiB}";
  if (!list.IsSequence()) throw Error(config.where("tasks"), "tasks is not a list", example);
  std::vector<std::string> keys = attribute_keys();
  keys.insert(keys.end(), {"name", "tree", "share"});
  for (const YAML::Node& node : list) {
    YamlMap map(node, config.file(), "an entry of tasks", keys);
    TaskRule& rule = rules.emplace_back();
    rule.tree = map.has("tree");
    if (rule.tree == map.has("name"))
      throw Error(map.where(),
                  rule.tree ? "an entry of tasks has both a name and a tree" : "an entry of tasks has no name",
                  example);
    rule.name = map.text(rule.tree ? "tree" : "name");
    rule.where = map.where();
    rule.attributes = read_attributes(map, groups);
    if (map.has("share")) rule.share = map.text("share");
    if (rule.share && rule.share->empty())
      throw Error(map.where("share"), "share is empty", "call the memory something");
  }
  return rules;
}

void apply_task_rules(const std::vector<TaskRule>& rules, Workload& workload) {
  for (const TaskRule& rule : rules) {
    bool any = false;
    for (size_t i = 0; i < workload.tasks.size(); ++i) {
      if (!is_about(rule, workload, TaskId(i))) continue;
      any = true;
      apply_attributes(rule.attributes, workload, TaskId(i), Nanos(0));
    }
    if (any) continue;
    const std::string nearest = nearest_name(rule.name, workload.names);
    throw Error(rule.where, "no task is called '" + rule.name + "'",
                nearest.empty() ? "give a name that its tasks have, or how names begin, as in cc*"
                                : "did you mean '" + nearest + "'?");
  }
  number_shares(rules, workload);
}

}  // namespace simsched

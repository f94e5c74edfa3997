#include "experiment/task_rules.h"

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

}  // namespace

std::vector<TaskRule> read_task_rules(const YamlMap& config, const std::vector<GroupConfig>& groups) {
  std::vector<TaskRule> rules;
  if (!config.has("tasks")) return rules;
  const YAML::Node list = config.at("tasks");
  const char* example = "write one entry a line: - {name: cc1, memory: 30%, footprint: 8MiB}";
  if (!list.IsSequence()) throw Error(config.where("tasks"), "tasks is not a list", example);
  std::vector<std::string> keys = attribute_keys();
  keys.insert(keys.end(), {"name", "tree"});
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
}

}  // namespace simsched

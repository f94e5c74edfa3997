#include "experiment/task_rules.h"

#include <algorithm>

#include "base/error.h"
#include "base/suggest.h"
#include "experiment/config_keys.h"

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

// Gives each shared memory its number. It is one memory: who shares it has the same footprint, and is not alone.
void number_shares(const std::vector<TaskRule>& rules, std::vector<SharedMemory> memories, Workload& workload) {
  std::vector<const std::string*> told(workload.tasks.size());  // by task: where a rule says what it shares
  for (const TaskRule& rule : rules) {
    if (!rule.attributes.share) continue;
    auto found = std::ranges::find(memories, *rule.attributes.share, &SharedMemory::name);
    if (found == memories.end()) found = memories.insert(found, {*rule.attributes.share, rule.where});
    if (memories.size() >= UINT16_MAX) throw Error(rule.where, "there are too many shared memories", "share fewer");
    for (size_t i = 0; i < workload.tasks.size(); ++i) {
      if (!is_about(rule, workload, TaskId(i))) continue;
      workload.tasks[i].share = static_cast<uint16_t>(found - memories.begin() + 1);
      told[i] = &rule.where;
    }
  }
  std::vector<int32_t> footprint(memories.size());
  std::vector<size_t> tasks(memories.size());
  for (size_t i = 0; i < workload.tasks.size(); ++i) {
    const TaskSpec& task = workload.tasks[i];
    if (task.share == 0) continue;
    const SharedMemory& memory = memories.at(task.share - 1u);
    const std::string& where = told[i] ? *told[i] : memory.where;
    const std::string who = "'" + workload.names[task.name] + "' shares '" + memory.name + "' ";
    if (task.memory == 0 || task.footprint_kib == 0)
      throw Error(where, who + "and has no memory", "give it memory and footprint, too");
    int32_t& common = footprint[task.share - 1u];
    if (tasks[task.share - 1u]++ == 0) common = task.footprint_kib;
    if (task.footprint_kib != common) throw Error(where, who + "with another footprint", "give both the same");
  }
  for (size_t i = 0; i < memories.size(); ++i) {
    if (tasks[i] > 1) continue;
    std::vector<std::string> others;
    for (const SharedMemory& memory : memories)
      if (memory.name != memories[i].name) others.push_back(memory.name);
    const std::string nearest = nearest_name(memories[i].name, others);
    throw Error(memories[i].where, "only one task shares '" + memories[i].name + "'",
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
  std::vector<std::string> keys = names_of(task_keys());
  for (const ConfigKey& key : rule_keys()) keys.emplace_back(key.name);
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

void apply_task_rules(const std::vector<TaskRule>& rules, Workload& workload, std::vector<SharedMemory> memories) {
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
  number_shares(rules, std::move(memories), workload);
}

}  // namespace simsched

#include "experiment/task_nature.h"

#include <algorithm>
#include <charconv>
#include <span>
#include <utility>

#include "base/error.h"
#include "base/suggest.h"

namespace simsched {
namespace {

constexpr int64_t kMostKib = INT32_MAX;  // 2 TiB

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
  if (unit == 0 || number->first > kMostKib / unit)
    throw Error(map.where("footprint"), "footprint is '" + text + "'", "write it as 512KiB, 8MiB or 2GiB");
  return static_cast<int32_t>(number->first * unit);
}

bool is_about(const TaskNature& nature, const std::string& name) {
  if (!nature.name.ends_with('*')) return nature.name == name;
  return name.starts_with(std::string_view(nature.name).substr(0, nature.name.size() - 1));
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

// Gives each shared memory its number. It is one memory: who shares it has the same footprint.
void number_shares(const std::vector<TaskNature>& natures, Workload& workload) {
  std::vector<std::string> names;
  auto number_of = [&](const TaskNature& nature) {
    return static_cast<size_t>(std::find(names.begin(), names.end(), *nature.share) - names.begin());
  };
  for (const TaskNature& nature : natures)
    if (nature.share && number_of(nature) == names.size()) names.push_back(*nature.share);
  if (names.size() >= UINT16_MAX)
    throw Error(natures.front().where, "there are " + std::to_string(names.size()) + " shared memories", "share fewer");
  std::vector<int32_t> footprint(names.size());
  for (const TaskNature& nature : natures) {
    for (TaskSpec& task : workload.tasks) {
      if (!nature.share || !is_about(nature, workload.names[task.name])) continue;
      task.share = static_cast<uint16_t>(number_of(nature) + 1);
      const std::string who = "'" + workload.names[task.name] + "' shares '" + *nature.share + "' ";
      if (task.memory == 0 || task.footprint_kib == 0)
        throw Error(nature.where, who + "and has no memory", "give it memory and footprint, too");
      int32_t& common = footprint[number_of(nature)];
      if (common == 0) common = task.footprint_kib;
      if (task.footprint_kib != common) throw Error(nature.where, who + "with another footprint", "give both the same");
    }
  }
  for (const TaskNature& nature : natures) {
    if (!nature.share) continue;
    const auto shares = [number = number_of(nature) + 1](const TaskSpec& task) { return task.share == number; };
    if (std::count_if(workload.tasks.begin(), workload.tasks.end(), shares) > 1) continue;
    std::erase(names, *nature.share);
    const std::string nearest = nearest_name(*nature.share, names);
    throw Error(nature.where, "only one task shares '" + *nature.share + "'",
                nearest.empty() ? "let others share it, too, or leave it out" : "did you mean '" + nearest + "'?");
  }
}

}  // namespace

std::vector<TaskNature> read_natures(const YamlMap& config) {
  std::vector<TaskNature> natures;
  if (!config.has("tasks")) return natures;
  const YAML::Node list = config.at("tasks");
  const char* example = "write one entry a line: - {name: cc1, memory: 30%, footprint: 8MiB}";
  if (!list.IsSequence()) throw Error(config.where("tasks"), "tasks is not a list", example);
  for (const YAML::Node& node : list) {
    YamlMap map(node, config.file(), "an entry of tasks", {"name", "memory", "footprint", "share", "class", "isa"});
    if (!map.has("name")) throw Error(map.where(), "an entry of tasks has no name", example);
    TaskNature& nature = natures.emplace_back();
    nature.name = map.text("name");
    nature.where = map.where();
    if (map.has("memory")) nature.memory = read_share(map);
    if (map.has("footprint")) nature.footprint_kib = read_footprint(map);
    if (map.has("share")) nature.share = map.text("share");
    if (nature.share && nature.share->empty())
      throw Error(map.where("share"), "share is empty", "call the memory something");
    if (map.has("class"))
      nature.work_class = static_cast<WorkClass>(read_choice(map.at("class"), config.file(), "class", kWorkClassNames));
    if (!map.has("isa")) continue;
    if (!map.at("isa").IsSequence()) throw Error(map.where("isa"), "isa is not a list", "write it as [avx512]");
    nature.isa = 0;
    for (const YAML::Node& name : map.at("isa"))
      *nature.isa |= IsaSet{1} << read_choice(name, config.file(), "isa", kIsaNames);
  }
  return natures;
}

void apply_natures(const std::vector<TaskNature>& natures, Workload& workload) {
  for (const TaskNature& nature : natures) {
    bool any = false;
    for (TaskSpec& task : workload.tasks) {
      if (!is_about(nature, workload.names[task.name])) continue;
      any = true;
      if (nature.memory) task.memory = *nature.memory;
      if (nature.footprint_kib) task.footprint_kib = *nature.footprint_kib;
      if (nature.work_class) task.work_class = *nature.work_class;
      if (nature.isa) task.isa = *nature.isa;
    }
    if (any) continue;
    const std::string nearest = nearest_name(nature.name, workload.names);
    throw Error(nature.where, "no task is called '" + nature.name + "'",
                nearest.empty() ? "give a name that its tasks have, or how names begin, as in cc*"
                                : "did you mean '" + nearest + "'?");
  }
  number_shares(natures, workload);
}

}  // namespace simsched

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/suggest.h"
#include "base/yaml/yaml_map.h"
#include "workloads/rtapp/events.h"
#include "workloads/rtapp/lenient_json.h"
#include "workloads/rtapp/rtapp.h"

namespace simsched::rtapp {
namespace {

struct PolicyName {
  const char* name;
  Scheduling::Policy policy;
};
constexpr PolicyName kPolicies[] = {
    {"SCHED_OTHER", Scheduling::Policy::kOther}, {"SCHED_BATCH", Scheduling::Policy::kBatch},
    {"SCHED_IDLE", Scheduling::Policy::kIdle},   {"SCHED_FIFO", Scheduling::Policy::kFifo},
    {"SCHED_RR", Scheduling::Policy::kRr},       {"SCHED_DEADLINE", Scheduling::Policy::kDeadline}};

const std::set<std::string> kSchedulingKeys = {"policy",      "priority", "dl-runtime", "dl-period",
                                               "dl-deadline", "util_min", "util_max"};
const std::set<std::string> kPhaseKeys = {"loop", "cpus", "nodes_membind", "taskgroup"};
const std::set<std::string> kTaskKeys = {"instance", "delay", "phases", "period", "deadline"};
// Of rt-app before 2014, which today's refuses.
const std::set<std::string> kOldKeys = {"exec", "lock_order"};

class Reader {
 public:
  explicit Reader(const std::string& name) : fields_(name) { file_.name = name; }

  File read(const std::string& text) {
    const YAML::Node root = parse_lenient_json(text, file_.name);
    fields_.object(root, "the file", "{\"tasks\": {...}, \"global\": {...}}");
    YAML::Node tasks, global;
    for (const auto& entry : root) {
      const std::string key = fields_.key(entry.first);
      if (key == "tasks") {
        tasks.reset(entry.second);
      } else if (key == "global") {
        global.reset(entry.second);
      } else if (key != "resources") {  // made when they are named first
        fields_.note_unknown(entry.first, "", {"tasks", "global", "resources"});
      }
    }
    if (global.IsDefined() && !global.IsNull()) read_global(global);
    if (!tasks.IsDefined() || tasks.IsNull())
      throw Error(fields_.where(root), "has no \"tasks\"",
                  "add \"tasks\": {\"thread0\": {\"run\": 1000, \"sleep\": 9000}}");
    fields_.object(tasks, "tasks", "{\"thread0\": {\"run\": 1000, \"sleep\": 9000}}");
    for (const auto& entry : tasks) file_.tasks.push_back(read_task(entry.first, entry.second));
    if (file_.tasks.empty()) throw Error(fields_.where(tasks), "there is no task", "add one");
    file_.notes = fields_.take_notes();
    return std::move(file_);
  }

 private:
  void read_global(const YAML::Node& global) {
    fields_.object(global, "global", "{\"duration\": 6}");
    static const std::vector<std::string> kKeys = {
        "duration", "calibration", "default_policy", "pi_enabled", "lock_pages",      "logdir",          "log_basename",
        "log_size", "ftrace",      "gnuplot",        "io_device",  "mem_buffer_size", "cumulative_slack"};
    for (const auto& entry : global) {
      const YAML::Node key_node = entry.first, value = entry.second;
      const std::string key = fields_.key(key_node);
      if (key == "duration") {
        file_.duration = Nanos(std::max<int64_t>(0, fields_.integer(value, key, -1)) * 1'000'000'000);
      } else if (key == "calibration") {
        read_calibration(value);
      } else if (key == "default_policy") {
        default_policy_ = policy(value, key);
      } else if (key == "pi_enabled") {
        if (fields_.boolean(value, key))
          fields_.note(fields_.where(key_node) + ": mutexes pass no priority on: pi_enabled is not modelled");
      } else if (key == "io_device") {
        if (fields_.text(value, key) != "/dev/null") device_ = fields_.text(value, key);
      } else if (key == "mem_buffer_size") {
        file_.buffer = fields_.integer(value, key, 1);
      } else if (std::ranges::find(kKeys, key) == kKeys.end()) {
        fields_.note_unknown(key_node, " in global", kKeys);
      }  // the others are of its logs
    }
  }

  // "CPU3", or nanoseconds of a loop.
  void read_calibration(const YAML::Node& node) {
    if (node.IsScalar() && node.Tag() != "!") {
      file_.piece = Nanos(fields_.integer(node, "calibration", 1));
      return;
    }
    const std::string cpu = fields_.text(node, "calibration");
    if (!cpu.starts_with("CPU") || cpu.size() == 3 || cpu.find_first_not_of("0123456789", 3) != std::string::npos)
      throw Error(fields_.where(node), "calibration is '" + cpu + "'", "write \"CPU0\", or the nanoseconds of a loop");
  }

  Scheduling::Policy policy(const YAML::Node& node, const std::string& key) const {
    const std::string name = fields_.text(node, key);
    std::vector<std::string> names;
    for (const PolicyName& known : kPolicies) {
      if (name == known.name) return known.policy;
      names.push_back(known.name);
    }
    throw Error(fields_.where(node), "there is no policy '" + name + "'", suggest(name, names));
  }

  // Whether it was one of the keys that tasks and phases share.
  template <class Part>
  bool read_common(const std::string& key, const YAML::Node& value, Part& part) {
    if (key == "cpus") {
      part.cpus = cpus(value);
    } else if (key == "nodes_membind") {
      fields_.note(fields_.where(value) + ": nodes_membind is not modelled: pages lie where they are used first");
    } else if (key == "taskgroup") {
      const std::string group = fields_.text(value, key);
      if (!group.empty() && group[0] != '/')
        throw Error(fields_.where(value), "taskgroup is '" + group + "'", "let it begin with '/'");
      if (!group.empty()) part.taskgroup = group;
    } else if (key == "policy") {
      part.scheduling.policy = policy(value, key);
    } else if (key == "priority") {
      part.scheduling.priority = static_cast<int>(fields_.integer(value, key, -20, 99));
    } else if (key == "dl-runtime") {
      part.scheduling.runtime = fields_.micros(value, key);
    } else if (key == "dl-deadline") {
      part.scheduling.deadline = fields_.micros(value, key);
    } else if (key == "dl-period") {
      part.scheduling.period = fields_.micros(value, key);
    } else if (key == "util_min") {
      part.scheduling.util_min = clamp(value, key);
    } else if (key == "util_max") {
      part.scheduling.util_max = clamp(value, key);
    } else {
      return false;
    }
    return true;
  }

  std::optional<uint16_t> clamp(const YAML::Node& value, const std::string& key) const {
    const int64_t util = fields_.integer(value, key, -1, kCapacityScale);
    return util < 0 ? std::nullopt : std::optional(static_cast<uint16_t>(util));
  }

  CpuSet cpus(const YAML::Node& node) const {
    if (!node.IsSequence()) throw Error(fields_.where(node), "cpus is no list", "write it as [0, 2, 3]");
    CpuSet set;
    for (const YAML::Node& cpu : node)
      set.add(CpuId(static_cast<int32_t>(fields_.integer(cpu, "a CPU", 0, static_cast<int64_t>(kMaxCpus) - 1))));
    if (set.empty()) throw Error(fields_.where(node), "cpus is empty", "name one CPU at least");
    return set;
  }

  Task read_task(const YAML::Node& key_node, const YAML::Node& node) {
    Task task;
    task.name = fields_.key(key_node);
    task.where = fields_.where(key_node);
    fields_.object(node, "task '" + task.name + "'", "{\"run\": 1000, \"sleep\": 9000}");
    task.scheduling.policy = default_policy_;
    const bool phased = std::ranges::any_of(
        node, [](const auto& entry) { return entry.first.IsScalar() && entry.first.Scalar() == "phases"; });
    Phase own;
    own.name = task.name;
    own.where = task.where;
    std::optional<int64_t> loop;
    std::set<std::string> given;
    Nanos slice{0};
    for (const auto& entry : node) {
      const YAML::Node key_of_entry = entry.first, value = entry.second;
      const std::string key = fields_.key(key_of_entry);
      if (kOldKeys.contains(key))
        throw Error(fields_.where(key_of_entry), "'" + key + "' is of the grammar of rt-app before 2014",
                    "write run, lock, unlock in their order");
      if (key == "runtime") slice = fields_.micros(value, key);
      if (read_event(key, key_of_entry, value, phased, own.events, given)) continue;
      once(key, key_of_entry, given);
      if (key == "phases") {
        read_phases(value, task);
      } else if (key == "loop") {
        loop = fields_.integer(value, key, INT32_MIN);
      } else if (key == "instance") {
        task.instances = fields_.integer(value, key, 0, 1'000'000);
      } else if (key == "delay") {
        task.delay = fields_.micros(value, key);
      } else if (!read_common(key, value, task)) {
        note_unknown_task_key(key_of_entry, task);
      }
    }
    // An event by this very name is dl-runtime's old one, too.
    if (task.scheduling.runtime == Nanos(0)) task.scheduling.runtime = slice;
    if (phased) {
      task.rounds = loop && *loop >= 0 ? loop : std::nullopt;
    } else {
      own.rounds = std::max<int64_t>(0, loop.value_or(0));
      task.rounds = 1;
      require_events(own);
      task.phases.push_back(std::move(own));
    }
    if (task.phases.empty()) throw Error(task.where, "task '" + task.name + "' has no phase", "add one");
    return task;
  }

  void note_unknown_task_key(const YAML::Node& key, const Task& task) {
    if (kTaskKeys.contains(key.Scalar())) return;
    fields_.note_unknown(key, " in task '" + task.name + "'", known_keys(true));
  }

  static std::vector<std::string> known_keys(bool of_task) {
    std::vector<std::string> keys = event_names();
    keys.insert(keys.end(), kSchedulingKeys.begin(), kSchedulingKeys.end());
    keys.insert(keys.end(), kPhaseKeys.begin(), kPhaseKeys.end());
    if (of_task) keys.insert(keys.end(), kTaskKeys.begin(), kTaskKeys.end());
    return keys;
  }

  void once(const std::string& key, const YAML::Node& node, std::set<std::string>& given) const {
    if (!given.insert(key).second) throw Error(fields_.where(node), "'" + key + "' is given twice", "keep one");
  }

  void require_events(const Phase& phase) const {
    if (phase.events.empty())
      throw Error(phase.where, "'" + phase.name + "' has no events", "add run, sleep, timer ...");
  }

  void read_phases(const YAML::Node& node, Task& task) {
    fields_.object(node, "phases", "{\"light\": {\"loop\": 10, \"run\": 1000, \"sleep\": 9000}}");
    for (const auto& entry : node) {
      const YAML::Node key_node = entry.first, value = entry.second;
      Phase phase;
      phase.name = fields_.key(key_node);
      phase.where = fields_.where(key_node);
      fields_.object(value, "phase '" + phase.name + "'", "{\"loop\": 10, \"run\": 1000, \"sleep\": 9000}");
      std::set<std::string> given;
      for (const auto& field : value) {
        const YAML::Node entry_key = field.first, entry_value = field.second;
        const std::string key = fields_.key(entry_key);
        if (read_event(key, entry_key, entry_value, false, phase.events, given)) continue;
        once(key, entry_key, given);
        if (key == "loop") {
          phase.rounds = std::max<int64_t>(0, fields_.integer(entry_value, key, INT32_MIN));
        } else if (!read_common(key, entry_value, phase)) {
          fields_.note_unknown(entry_key, " in phase '" + phase.name + "'", known_keys(false));
        }
      }
      require_events(phase);
      task.phases.push_back(std::move(phase));
    }
  }

  // Whether the key is one of an event. `ignored`: the task has phases, whose events count.
  bool read_event(const std::string& key, const YAML::Node& key_node, const YAML::Node& value, bool ignored,
                  std::vector<Event>& events, std::set<std::string>& given) {
    if (!is_event(key)) return false;
    const std::string where = fields_.where(key_node);
    if (ignored) {
      fields_.note(where + ": '" + key + "' stands beside phases and does nothing");
      return true;
    }
    if (!given.insert(key).second && !std::exchange(told_of_repeats_, true))
      fields_.note(where + ": '" + key +
                   "' stands there again: of such keys each is an event, as workgen has it; rt-app by itself keeps the "
                   "last one in the place of the first");
    events.push_back(rtapp::read_event(fields_, key_node, value, device_));
    return true;
  }

  Fields fields_;
  File file_;
  Scheduling::Policy default_policy_ = Scheduling::Policy::kOther;
  std::string device_;
  bool told_of_repeats_ = false;
};

}  // namespace

File parse(const std::string& text, const std::string& name) { return Reader(name).read(text); }

}  // namespace simsched::rtapp

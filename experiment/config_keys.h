// The keys of an experiment file, a table a mapping: its reader takes what stands here and nothing else, and the schema
// for editors (`simsched reference schema`) is made of it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/yaml/yaml_map.h"

namespace simsched {

struct ConfigKey {
  enum class Kind : uint8_t {
    kText,
    kInteger,  // low to high
    kBoolean,
    kDuration,   // as base/duration.h has it
    kChoice,     // one of `words`
    kAmount,     // a number with a unit of its own: "30%", "8MiB"
    kOneOrList,  // of duration, text, ...: what `help` says
    kList,       // of mappings with `members`, or of text
    kMap,        // with `members`
    kNamed,      // NAME: a mapping with `members`
    kAny         // anything
  };
  using Keys = std::span<const ConfigKey>;

  const char* name;
  Kind kind;
  const char* help;  // one line, without its end
  int64_t low = 0, high = 0;
  std::span<const char* const> words = {};
  Keys (*members)() = nullptr;
};

using ConfigKeys = ConfigKey::Keys;

ConfigKeys experiment_keys();
ConfigKeys trace_keys();  // of a workload that is a recording
ConfigKeys mix_keys();    // of one that is a mix
ConfigKeys kernel_keys();
ConfigKeys hotplug_keys();  // of a change
ConfigKeys output_keys();
ConfigKeys task_keys();    // what may be said of tasks, in an entry of a mix or of `tasks`
ConfigKeys part_keys();    // of an entry of a mix, beside those
ConfigKeys rule_keys();    // of an entry of `tasks`, beside those
ConfigKeys change_keys();  // of a change of a task
ConfigKeys group_keys();   // of a control group
ConfigKeys group_change_keys();
ConfigKeys quota_keys();  // of its `max`

std::vector<std::string> names_of(ConfigKeys keys);

// In the range that the table has. Throws Error with file and line.
int64_t integer_of(const YamlMap& map, ConfigKeys keys, const std::string& name);

}  // namespace simsched

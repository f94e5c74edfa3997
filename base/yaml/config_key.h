// The keys of a mapping in a configuration file, as a table: its reader takes what stands there and nothing else, and the
// schema for editors (`simsched reference schema`) is made of it.
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
    kOneOrList,  // text, or a list: of mappings with `members`, or of text; what `help` says
    kList,       // of mappings with `members`, or of text
    kMap,        // with `members`
    kMapOrText,  // either
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

std::vector<std::string> names_of(ConfigKeys keys);

// In the range that the table has. Throws Error with file and line.
int64_t integer_of(const YamlMap& map, ConfigKeys keys, const std::string& name);
int64_t integer_or(const YamlMap& map, ConfigKeys keys, const std::string& name, int64_t otherwise);

}  // namespace simsched

// Tunables: what a config may set of a policy. Each has the kernel's name and default.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/units.h"

namespace simsched {

// As written in the config; `where` is "file:line".
struct Tunable {
  std::string key, value, where;
};
using Tunables = std::vector<Tunable>;

// Binds names to variables, then reads a list of Tunables into them. Throws Error for an unknown key
// (naming the nearest one), a wrong type, or a value out of range.
class TunableReader {
 public:
  void bind(std::string key, int64_t* variable, int64_t low, int64_t high, std::string help);
  void bind(std::string key, Nanos* variable, Nanos low, Nanos high, std::string help);  // in ns, or "3ms", "20us"
  void bind(std::string key, bool* variable, std::string help);
  void bind(std::string key, std::string* variable, std::vector<std::string> choices, std::string help);

  void bind(std::string key, std::string* variable, std::string help);  // any text, but none

  void read(const Tunables& tunables, const std::string& policy) const;

  struct Info {
    std::string key, value, help;  // value: the default, as text
  };
  std::vector<Info> infos() const;  // for help texts

 private:
  struct Binding {
    enum class Kind : uint8_t { kInt, kNanos, kBool, kChoice, kText } kind;
    std::string key, help;
    void* variable;
    int64_t low, high;
    std::vector<std::string> choices;
  };
  std::vector<Binding> bindings_;
};

// "700000", "700us", "1.4ms", "2s" as nanoseconds; false when it is none of these.
bool parse_nanos(const std::string& text, Nanos* value);

}  // namespace simsched

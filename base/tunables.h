// Tunables: what a config may set of a policy. Each has the kernel's name and default.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "base/units.h"

namespace simsched {

struct Tunable;
using Tunables = std::vector<Tunable>;

// What a config gives a tunable, as it has it there: text, a list, or a map.
class TunableValue {
 public:
  using List = std::vector<TunableValue>;

  TunableValue(std::string text = {});
  TunableValue(const char* text);
  explicit TunableValue(List items);
  explicit TunableValue(Tunables members);

  // Null where it is something else.
  const std::string* text() const { return std::get_if<std::string>(&value_); }
  const List* list() const { return std::get_if<List>(&value_); }
  const Tunables* map() const { return std::get_if<Tunables>(&value_); }

  std::string str() const;  // on one line, as a config may have it: "20ms", "[1, 2]", "{a: 1}"
  friend bool operator==(const TunableValue& a, const TunableValue& b) { return a.str() == b.str(); }

 private:
  std::variant<std::string, List, Tunables> value_;
};

// `where` is "file:line".
struct Tunable {
  std::string key;
  TunableValue value;
  std::string where;
};

// What is set, in the order of the config, in a form for labels: "base_slice_ns=20ms costs.enqueue=1us".
std::string settings_text(const Tunables& tunables);

// Binds names to variables, then reads a list of Tunables into them. Throws Error for an unknown key
// (naming the nearest one), a wrong type, or a value out of range.
class TunableReader {
 public:
  void bind(std::string key, int64_t* variable, int64_t low, int64_t high, std::string help);
  void bind(std::string key, Nanos* variable, Nanos low, Nanos high, std::string help);  // as base/duration.h has them
  void bind(std::string key, bool* variable, std::string help);
  void bind(std::string key, std::string* variable, std::vector<std::string> choices, std::string help);
  void bind(std::string key, std::string* variable, std::string help);  // any text, but none

  // The path of a file or folder, which a config may give from its own folder; or one of `words`.
  void bind_path(std::string key, std::string* variable, std::vector<std::string> words, std::string help);
  void bind_paths(std::string key, std::vector<std::string>* variable, std::string help);  // a list of them
  // {KEY: VALUE, ...}, read by `members`; `shown` says in help texts what it may be.
  void bind_map(std::string key, TunableReader members, std::string shown, std::string help);
  // Takes what has no other name, as it is.
  void bind_rest(Tunables* rest) { rest_ = rest; }

  void read(const Tunables& tunables, const std::string& policy) const;

  struct Info {
    std::string key, value, help;  // value: the default, as text
    bool is_path = false;          // unless it is one of `words`
    std::vector<std::string> words;
  };
  std::vector<Info> infos() const;  // for help texts

 private:
  struct Binding {
    Info info;
    std::function<void(const Tunable&, const std::string& policy)> read;
    std::function<std::string()> value;
  };
  // For one word.
  void bind_text(Info info, std::function<void(const std::string&, const Tunable&)> read,
                 std::function<std::string()> value);

  std::vector<Binding> bindings_;
  std::string group_;  // "costs." within that map, for messages
  Tunables* rest_ = nullptr;
};

}  // namespace simsched

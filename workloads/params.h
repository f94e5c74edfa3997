// Parameters of a generator: whole numbers with a unit, a default and a range, read from YAML.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/rng.h"
#include "base/units.h"

namespace YAML {
class Node;
}

namespace simsched {

struct ParamInfo {
  enum class Unit : uint8_t {
    kCount,     // a whole number
    kDuration,  // kept in ns; as base/duration.h has it
    kPercent,   // a whole number
    kChoice,    // one of `names`, by its number
    kFile       // a path, which must be given
  };
  std::string name;
  Unit unit;
  int64_t otherwise;  // the default
  int64_t low, high;
  std::string meaning;
  std::vector<std::string> names = {};

  std::string text(int64_t value) const;  // as it is written: "10ms"
  std::string otherwise_text() const { return unit == Unit::kFile ? "required" : text(otherwise); }
  std::string range_text(const std::string& to) const;  // "1ms to 10s", "even, poisson"
};

class Params {
 public:
  // `node` is a mapping, or null for the defaults. Throws Error with file and line for an unknown
  // key, a wrong value or one out of range. `what` names the generator in messages.
  Params(const YAML::Node& node, const std::string& file, const std::string& what, const std::vector<ParamInfo>& infos);

  int64_t count(const std::string& name) const;
  Nanos time(const std::string& name) const { return Nanos(count(name)); }
  Work work(const std::string& name) const { return Work(count(name)); }
  bool given(const std::string& name) const { return given_[index(name)]; }
  // Found relative to the config's folder, else to the current one. Throws Error when it was not given or is not there.
  std::string file(const std::string& name) const;

 private:
  size_t index(const std::string& name) const;

  const std::vector<ParamInfo>& infos_;
  std::string config_, what_;
  std::vector<int64_t> values_;
  std::vector<bool> given_;
  std::vector<std::string> paths_, where_;  // of those that are files
};

// Uniform within `percent` of the mean on either side, at least 1 ns.
Work spread(Work mean, int64_t percent, Rng& rng);
Nanos spread(Nanos mean, int64_t percent, Rng& rng);

}  // namespace simsched

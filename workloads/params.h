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
    kPercent    // a whole number
  };
  std::string name;
  Unit unit;
  int64_t otherwise;  // the default
  int64_t low, high;
  std::string meaning;

  std::string text(int64_t value) const;  // as it is written: "10ms"
};

class Params {
 public:
  // `node` is a mapping, or null for the defaults. Throws Error with file and line for an unknown
  // key, a wrong value or one out of range. `what` names the generator in messages.
  Params(const YAML::Node& node, const std::string& file, const std::string& what, const std::vector<ParamInfo>& infos);

  int64_t count(const std::string& name) const;
  Nanos time(const std::string& name) const { return Nanos(count(name)); }
  Work work(const std::string& name) const { return Work(count(name)); }

 private:
  const std::vector<ParamInfo>& infos_;
  std::vector<int64_t> values_;
};

// Uniform within `percent` of the mean on either side, at least 1 ns.
Work spread(Work mean, int64_t percent, Rng& rng);
Nanos spread(Nanos mean, int64_t percent, Rng& rng);

}  // namespace simsched

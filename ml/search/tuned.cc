#include "ml/search/tuned.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/yaml/yaml_amount.h"
#include "ml/search/exact_math.h"

namespace simsched::search {
namespace {

Tuned read_words(const YamlMap& map) {
  Tuned tuned;
  const YAML::Node list = map.at("any");
  if (!list.IsSequence() || list.size() < 2)
    throw Error(map.where("any"), "'any' is not a list of several values", "write {any: [false, true]}");
  for (const YAML::Node& word : list) tuned.words.push_back(yaml_text(word, map.file(), "a value"));
  tuned.start = 0.5 / static_cast<double>(tuned.words.size());
  return tuned;
}

Tuned read_range(const YamlMap& map) {
  const auto [from, to] = read_amounts(map, "the range");
  if (from.number == to.number)
    throw Error(map.where("from"), "the range has but one value", "set that at the policy, or give a wider range");
  Tuned tuned;
  tuned.low = from.number;
  tuned.high = to.number;
  tuned.unit = from.unit;
  tuned.log = map.has("log") && map.boolean("log");
  if (tuned.log && tuned.low == 0)
    throw Error(map.where("from"), "no ratio leads on from 0", "begin at 1, or leave 'log' out");
  if (!map.has("start")) return tuned;
  const Amount start = read_amount(map, "start");
  if (start.unit != tuned.unit || start.number < tuned.low || start.number > tuned.high)
    throw Error(map.where("start"), "start is " + map.text("start") + ", which is not in the range",
                "take a value from " + map.text("from") + " to " + map.text("to"));
  auto part = [&](int64_t value) {
    return tuned.log ? exact_log(static_cast<double>(value) / static_cast<double>(tuned.low))
                     : static_cast<double>(value - tuned.low);
  };
  tuned.start = part(start.number) / part(tuned.high);
  return tuned;
}

}  // namespace

std::string Tuned::value(double at) const {
  at = std::clamp(at, 0.0, 1.0);
  if (!words.empty()) {
    const auto index = static_cast<size_t>(at * static_cast<double>(words.size()));
    return words[std::min(index, words.size() - 1)];
  }
  const auto bottom = static_cast<double>(low), top = static_cast<double>(high);
  const double exact = log ? bottom * exp(at * exact_log(top / bottom)) : bottom + at * (top - bottom);
  return std::to_string(std::clamp(static_cast<int64_t>(std::floor(exact + 0.5)), low, high)) + unit;
}

std::vector<Tuned> read_tuned(const YAML::Node& map, const std::string& file) {
  if (!map.IsMap()) throw Error(yaml_where(map, file), "tunables is not a mapping", "write {NAME: {from: 1, to: 100}}");
  std::vector<Tuned> all;
  for (const auto& entry : map) {
    const std::string key = yaml_text(entry.first, file, "the name of a tunable");
    const std::string where = yaml_where(entry.first, file);
    if (!entry.second.IsMap())
      throw Error(where, "'" + key + "' has no range to search", "write {from: 1, to: 100}, or set it at the policy");
    if (std::ranges::find(all, key, &Tuned::key) != all.end())
      throw Error(where, "'" + key + "' is given twice", "keep one");
    const YamlMap one(entry.second, file, "what '" + key + "' may be", {"any", "from", "to", "log", "start"});
    if (one.has("any") && one.has("from"))
      throw Error(one.where("any"), "'" + key + "' has a list and a range", "keep one");
    Tuned tuned = one.has("any") ? read_words(one) : read_range(one);
    tuned.key = key;
    tuned.where = where;
    all.push_back(std::move(tuned));
  }
  return all;
}

}  // namespace simsched::search

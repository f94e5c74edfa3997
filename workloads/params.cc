#include "workloads/params.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <string_view>

#include "base/duration.h"
#include "base/error.h"
#include "base/yaml/yaml_map.h"

namespace simsched {
namespace {

int64_t read_value(const ParamInfo& info, const YAML::Node& node, const std::string& file) {
  auto fail = [&](const std::string& text) {
    throw Error(yaml_where(node, file), info.name + " is '" + text + "'",
                "take " + info.text(info.low) + " to " + info.text(info.high));
  };
  std::string text = yaml_text(node, file, info.name);
  if (info.unit == ParamInfo::Unit::kDuration)
    return read_duration(text, info.name, Nanos(info.low), Nanos(info.high), yaml_where(node, file)).count();
  std::string_view number = text;
  if (info.unit == ParamInfo::Unit::kPercent && number.ends_with('%')) number.remove_suffix(1);
  int64_t value = 0;
  auto [end, failed] = std::from_chars(number.data(), number.data() + number.size(), value);
  if (failed != std::errc() || end != number.data() + number.size() || value < info.low || value > info.high)
    fail(text);
  return value;
}

int64_t spread(int64_t mean, int64_t percent, Rng& rng) {
  int64_t reach = mean / 100 * percent + mean % 100 * percent / 100;
  return std::max(int64_t{1}, reach == 0 ? mean : rng.between(mean - reach, mean + reach));
}

}  // namespace

std::string ParamInfo::text(int64_t value) const {
  if (unit == Unit::kPercent) return std::to_string(value) + "%";
  return unit == Unit::kDuration ? duration_text(Nanos(value)) : std::to_string(value);
}

Params::Params(const YAML::Node& node, const std::string& file, const std::string& what,
               const std::vector<ParamInfo>& infos)
    : infos_(infos) {
  for (const ParamInfo& info : infos) values_.push_back(info.otherwise);
  if (!node.IsDefined() || node.IsNull()) return;
  std::vector<std::string> known;
  for (const ParamInfo& info : infos) known.push_back(info.name);
  YamlMap map(node, file, what, known);
  for (size_t i = 0; i < infos.size(); ++i) {
    if (map.has(infos[i].name)) values_[i] = read_value(infos[i], map.at(infos[i].name), file);
  }
}

int64_t Params::count(const std::string& name) const {
  auto found = std::find_if(infos_.begin(), infos_.end(), [&](const ParamInfo& info) { return info.name == name; });
  SIMSCHED_CHECK(found != infos_.end(), "a generator asks for a parameter that it does not declare: " + name);
  return values_[static_cast<size_t>(found - infos_.begin())];
}

Work spread(Work mean, int64_t percent, Rng& rng) { return Work(spread(mean.count(), percent, rng)); }
Nanos spread(Nanos mean, int64_t percent, Rng& rng) { return Nanos(spread(mean.count(), percent, rng)); }

}  // namespace simsched

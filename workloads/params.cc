#include "workloads/params.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <string_view>

#include "base/duration.h"
#include "base/error.h"
#include "base/input_file.h"
#include "base/suggest.h"
#include "base/yaml/yaml_map.h"

namespace simsched {
namespace {

int64_t read_value(const ParamInfo& info, const YAML::Node& node, const std::string& file) {
  auto fail = [&](const std::string& text) {
    throw Error(yaml_where(node, file), info.name + " is '" + text + "'",
                "take " + info.text(info.low) + " to " + info.text(info.high));
  };
  std::string text = yaml_text(node, file, info.name);
  if (info.unit == ParamInfo::Unit::kChoice) {
    auto found = std::find(info.names.begin(), info.names.end(), text);
    if (found != info.names.end()) return found - info.names.begin();
    throw Error(yaml_where(node, file), info.name + " is '" + text + "'", suggest(text, info.names));
  }
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
  if (unit == Unit::kChoice) return names[static_cast<size_t>(value)];
  if (unit == Unit::kPercent) return std::to_string(value) + "%";
  return unit == Unit::kDuration ? duration_text(Nanos(value)) : std::to_string(value);
}

std::string ParamInfo::range_text(const std::string& to) const {
  if (unit == Unit::kFile) return "";
  if (unit != Unit::kChoice) return text(low) + to + text(high);
  std::string list;
  for (const std::string& choice : names) list += (list.empty() ? "" : ", ") + choice;
  return list;
}

Params::Params(const YAML::Node& node, const std::string& file, const std::string& what,
               const std::vector<ParamInfo>& infos)
    : infos_(infos),
      config_(file),
      what_(what),
      given_(infos.size()),
      paths_(infos.size()),
      where_(infos.size(), file) {
  for (const ParamInfo& info : infos) values_.push_back(info.otherwise);
  if (!node.IsDefined() || node.IsNull()) return;
  std::vector<std::string> known;
  for (const ParamInfo& info : infos) known.push_back(info.name);
  YamlMap map(node, file, what, known);
  for (size_t i = 0; i < infos.size(); ++i) {
    where_[i] = map.where(infos[i].name);
    given_[i] = map.has(infos[i].name);
    if (!given_[i]) continue;
    if (infos[i].unit == ParamInfo::Unit::kFile)
      paths_[i] = map.text(infos[i].name);
    else
      values_[i] = read_value(infos[i], map.at(infos[i].name), file);
  }
}

size_t Params::index(const std::string& name) const {
  auto found = std::find_if(infos_.begin(), infos_.end(), [&](const ParamInfo& info) { return info.name == name; });
  SIMSCHED_CHECK(found != infos_.end(), "a generator asks for a parameter that it does not declare: " + name);
  return static_cast<size_t>(found - infos_.begin());
}

int64_t Params::count(const std::string& name) const { return values_[index(name)]; }

std::string Params::file(const std::string& name) const {
  const size_t i = index(name);
  if (paths_[i].empty())
    throw Error(where_[i], "no " + name + " is given", "write it as {" + what_ + ": {" + name + ": PATH}}");
  return find_input_file(paths_[i], config_, where_[i]);
}

Work spread(Work mean, int64_t percent, Rng& rng) { return Work(spread(mean.count(), percent, rng)); }
Nanos spread(Nanos mean, int64_t percent, Rng& rng) { return Nanos(spread(mean.count(), percent, rng)); }

}  // namespace simsched

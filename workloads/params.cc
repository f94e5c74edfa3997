#include "workloads/params.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

#include "base/error.h"
#include "base/yaml/yaml_map.h"

namespace simsched {
namespace {

struct TimeUnit {
  std::string_view name;
  int64_t nanos;
};
constexpr std::array kTimeUnits{TimeUnit{"s", 1'000'000'000}, TimeUnit{"ms", 1'000'000}, TimeUnit{"us", 1'000},
                                TimeUnit{"ns", 1}};

int64_t read_value(const ParamInfo& info, const YAML::Node& node, const std::string& file) {
  auto fail = [&](const std::string& text) {
    throw Error(yaml_where(node, file), info.name + " is '" + text + "'",
                "take " + info.text(info.low) + " to " + info.text(info.high));
  };
  std::string text = yaml_text(node, file, info.name);
  const char* end = text.data() + text.size();
  int64_t value = 0, factor = 1;
  auto [unit, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc()) fail(text);
  if (unit != end) {
    std::string_view name(unit, end);
    auto found =
        std::find_if(kTimeUnits.begin(), kTimeUnits.end(), [&](const TimeUnit& known) { return known.name == name; });
    if (info.unit == ParamInfo::Unit::kPercent && name == "%") {
      factor = 1;
    } else if (info.unit == ParamInfo::Unit::kDuration && found != kTimeUnits.end()) {
      factor = found->nanos;
    } else {
      fail(text);
    }
  }
  if (value < 0 || value > info.high / factor || value * factor < info.low) fail(text);
  return value * factor;
}

int64_t spread(int64_t mean, int64_t percent, Rng& rng) {
  int64_t reach = mean / 100 * percent + mean % 100 * percent / 100;
  return std::max(int64_t{1}, reach == 0 ? mean : rng.between(mean - reach, mean + reach));
}

}  // namespace

std::string ParamInfo::text(int64_t value) const {
  if (unit == Unit::kPercent) return std::to_string(value) + "%";
  if (unit == Unit::kCount || value == 0) return std::to_string(value);
  auto fits = std::find_if(kTimeUnits.begin(), kTimeUnits.end(),
                           [&](const TimeUnit& known) { return value % known.nanos == 0; });
  return std::to_string(value / fits->nanos) + std::string(fits->name);
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

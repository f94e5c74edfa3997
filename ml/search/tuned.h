// Tunables of a policy that a search sets, beside a model or instead of one: each is a coordinate of its points, from
// 0, the lowest value, to 1.
#pragma once

#include <yaml-cpp/yaml.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/tunables.h"

namespace simsched::search {

struct Tuned {
  std::string key, where;
  double start = 0.5;
  // Either these, or whole numbers in a range.
  std::vector<std::string> words;
  int64_t low = 0, high = 0;
  bool log = false;  // each ratio is as long
  std::string unit;

  // Beyond 0 and 1 it is what lies there.
  std::string value(double at) const;
};

// {slice_us: {from: 1000, to: 40000, log: true, start: 20000}, fifo: {any: [false, true]}}: as the draws of a family
// (draws.h); a search begins at `start`, else in the middle, or at the first of `any`. Throws Error with file and line.
std::vector<Tuned> read_tuned(const YAML::Node& map, const std::string& file);

}  // namespace simsched::search

// YAML in which values may be draws, so that one text stands for a family of configs:
//
//   {any: [1, 2, 4]}                  one of them, each as likely; they may be anything
//   {from: 2, to: 8}                  a whole number in that range, each as likely
//   {from: 5ms, to: 80ms, log: true}  each ratio as likely; with a unit, which both have
//   {from: 50%, to: 200%, of: cpus}   so much of the number of CPUs, rounded, at least 1
#pragma once

#include <yaml-cpp/yaml.h>

#include <optional>
#include <string>

#include "base/rng.h"

namespace simsched::search {

// `node` with all of its draws drawn, in their order. `cpus`: of the machine; none where there is none yet. Throws
// Error with `file` and the line of a draw that is none.
YAML::Node drawn(const YAML::Node& node, const std::string& file, Rng& rng, std::optional<size_t> cpus);

}  // namespace simsched::search

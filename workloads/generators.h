// What the generators share. Each is a file that ends in its row NAME_generator(), and a line in registry.cc.
#pragma once

#include "base/rng.h"
#include "workloads/registry.h"

namespace simsched {

struct Generator {
  GeneratorInfo info;
  Workload (*make)(const Params& params, const Rng& rng);
  // In its place, of one whose parameters are no flat list: reads them itself.
  Workload (*read)(const YAML::Node& params, const std::string& file, const Rng& rng) = nullptr;
};

// Ranges that parameters share.
constexpr int64_t kMostTasks = 1'000'000;
constexpr int64_t kMostRounds = 1'000'000'000;
constexpr int64_t kLongest = 3'600'000'000'000;  // ns: an hour

}  // namespace simsched

// The generators, one file each; registry.cc lists them.
#pragma once

#include "base/rng.h"
#include "workloads/registry.h"

namespace simsched {

struct Generator {
  GeneratorInfo info;
  Workload (*make)(const Params& params, const Rng& rng);
};

Generator hogs_generator();
Generator periodic_generator();
Generator ping_pong_generator();
Generator fork_join_generator();
Generator server_generator();
Generator many_sleepers_generator();
Generator wake_storm_generator();

// Ranges that parameters share.
constexpr int64_t kMostTasks = 1'000'000;
constexpr int64_t kMostRounds = 1'000'000'000;
constexpr int64_t kLongest = 3'600'000'000'000;  // ns: an hour

}  // namespace simsched

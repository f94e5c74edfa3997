// What one run of the load balancer knows (lb_env, sg_lb_stats and sd_lb_stats of the kernel).
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "policies/fair/domain.h"
#include "policies/fair/fair.h"

namespace simsched::fair {

// In this order: a busier type is never pulled to, a less busy one never pulled from.
enum class GroupType : uint8_t {
  kHasSpare,
  kFullyBusy,
  kMisfit,       // a task on it needs a bigger CPU
  kSmtBalance,   // several tasks share a core while the destination is idle
  kAsymPacking,  // its tasks belong on the destination, of higher priority
  kImbalanced,   // affinity kept load from being balanced within it
  kOverloaded,
};

struct GroupStats {
  int64_t load = 0, util = 0, runnable = 0, capacity = 0;
  int64_t nr_running = 0;    // with real-time and delayed tasks
  int64_t h_nr_running = 0;  // runnable fair tasks
  int64_t idle_cpus = 0, weight = 0;
  int64_t misfit_load = 0;
  int64_t avg_load = 0;
  int64_t ipc_gain = 0;  // of its task that gains most by the destination
  bool smt_balance = false, asym_packing = false;
  GroupType type = GroupType::kHasSpare;

  void classify(int64_t imbalance_pct, bool imbalanced);
};

// What the imbalance is counted in.
enum class MigrationType : uint8_t { kLoad, kUtil, kTask, kMisfit };

struct LoadBalance {
  const Domain* domain;
  DomainState& state;
  size_t level;
  CpuId dst, src;
  IdleType idle;
  MigrationType type = MigrationType::kLoad;
  MigrationKind kind = MigrationKind::kPeriodic;
  int64_t imbalance = 0;
  int64_t tries = 0, max_tries = 0;
  bool all_pinned = false, some_pinned = false, active = false;
  CpuId new_dst;  // where a task that may not go to `dst` may go
  std::vector<CpuId> excluded;

  bool is_idle() const { return idle != IdleType::kNotIdle; }
  bool considers(CpuId cpu) const {
    return excluded.empty() || std::find(excluded.begin(), excluded.end(), cpu) == excluded.end();
  }
};

// Between NUMA nodes a pair of communicating tasks may stay together while the node is lightly loaded.
int64_t adjust_numa_imbalance(int64_t imbalance, int64_t running, int64_t allowed);

// lsub_positive(): what an average is without a part of it, which may by now be more than the whole.
template <class Number>
Number without(Number a, Number b) {
  return a - std::min(a, b);
}

// At least 5 % more.
inline bool capacity_greater(int64_t a, int64_t b) { return a * 1024 > b * 1078; }

}  // namespace simsched::fair

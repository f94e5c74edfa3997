// How loaded the domains are, from the number of runnable tasks by weight that the BPF half keeps.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "scx_port/schedulers/rusty/rusty.h"
#include "scx_port/schedulers/rusty/fixed.h"

namespace simsched::rusty {

// By weight bucket.
using Buckets = std::array<Duty, RUSTY_BUCKETS>;

// The weight that stands for a bucket: the middle of it, rounded up; 51, 151, ...
constexpr int64_t bucket_weight(size_t bucket) { return 51 + 100 * static_cast<int64_t>(bucket); }

struct WeightClass {
  Weight weight;
  Duty duty;
};
// A weight is infeasible when it stands for more CPU time than a task can use, one CPU's: the CPUs' time is to be
// shared by weight, and a task with more than 1/P of all load (P: number of CPUs) cannot use its share. What it
// leaves goes to the others; so it is the same as if its weight were less. Answers the greatest weight that a task can
// make use of; none when all are feasible. `classes` are in any order, the weights differ.
//
// With weights taken from the greatest down, lambda = (L - sum of w d of those taken) / (P - sum of d of those taken),
// until lambda is no less than the next weight (to 1e-4). Beyond the documented rule: when fewer tasks are runnable
// than there are CPUs, every weight is infeasible, and the least one is the answer.
std::optional<Weight> feasible_weight(std::vector<WeightClass> classes, size_t nr_cpus);

struct Loads {
  std::vector<Load> by_domain;
  Load total = 0;
  bool weighted = false;             // weights count; else every task has 100
  std::optional<Weight> max_weight;  // that a task can make use of

  Load of_task(uint32_t weight, Duty duty) const;
};

// While CPUs are idle at times, weights do not matter, only the time that tasks are runnable.
Loads domain_loads(const std::vector<Buckets>& domains, size_t nr_cpus, bool fully_utilized);

}  // namespace simsched::rusty

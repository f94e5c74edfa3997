// Why one policy took longer than another: where every second went, by cause, by group of tasks and by CPU, from the
// accounting identity (sim/accounting.h). All are sums over pairs of runs with the same seed, in integers, so that
// every total is exactly the sum of its parts.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "report/summary.h"
#include "sim/accounting.h"
#include "sim/results.h"

namespace simsched {

// Of policy A and of policy B, summed over the runs.
struct Sides {
  int64_t a = 0, b = 0;
  int64_t difference() const { return a - b; }
  Sides& operator+=(const Sides& other) {
    a += other.a;
    b += other.b;
    return *this;
  }
  bool operator==(const Sides&) const = default;
};

// Nanoseconds by Cause.
struct Times : std::array<Sides, kNrCauses> {
  Sides lifetime() const;
  Sides at(Where where) const;
  Sides active() const;  // of tasks that could run, whether they did or waited
  Times& operator+=(const Times& other);
};

struct TaskGroup {
  std::string name;
  Sides tasks;
  Times time;
  Sides energy_uj;  // that cores took for them; 0 where powers are not known
};

struct CpuSides {
  Sides task, overhead, irq, idle;
  Sides busy() const { return {task.a + overhead.a + irq.a, task.b + overhead.b + irq.b}; }
};

struct Explanation {
  std::string machine, workload, policy, versus;
  std::vector<uint64_t> seeds;     // of the pairs
  std::optional<Estimate> slower;  // makespan of A, in percent of B's
  Sides makespan;
  Times time;                       // of all tasks
  std::vector<TaskGroup> names;     // what differs most comes first
  std::vector<TaskGroup> roles;     // foreground, background
  std::vector<CpuSides> cpus;       // by CpuId
  Sides wasted;                     // idle_wasted_ns
  Sides energy_uj;                  // of the machine; 0 where powers are not known
  std::vector<std::string> doubts;  // why the comparison is not fair: a sentence each
};

// Which of `results` to explain. An empty `versus` is the first other policy, an empty `machine` the only one.
struct ExplainChoice {
  std::string policy, versus, machine;
};

// Throws Error with `name`, the file of the results, when there is no such policy or machine, when a run lacks what is
// needed, or when its times do not add up.
Explanation explain(std::span<const RunResult> results, const ExplainChoice& choice, const std::string& name);

std::string explanation_text(const Explanation& explanation, bool colour);  // 80 columns
std::string explanation_json(const Explanation& explanation);               // docs/results.md has the schema
std::string explanation_svg(const Explanation& explanation);                // the causes of A and B beside each other

// "smt" for slowdown_smt_ns: a cause in tables.
std::string short_name(Cause cause);

}  // namespace simsched

// RunResult: the figures of one simulation. Integers only, units in the names, so that the same
// config and seed give the same bytes anywhere.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/units.h"

namespace simsched {

// Where time went, in nanoseconds; see sim/accounting.h.
using NamedNanos = std::vector<std::pair<std::string, int64_t>>;

struct RunResult {
  std::string policy;   // label in the config
  std::string machine;
  std::string workload;
  uint64_t seed = 0;
  std::string status = "ok";  // or why it ended early
  int exit_code = 0;
  // In a fixed order: makespan_ns, tasks_exited, context_switches, ... (docs/metrics.md).
  std::vector<std::pair<std::string, int64_t>> metrics;
  NamedNanos task_time;  // summed over tasks: work_ns, slowdown_*_ns, overhead_ns, wait_ns, blocked_*_ns, lifetime_ns
  NamedNanos cpu_time;   // summed over CPUs: task_ns, overhead_ns, idle_ns
  std::vector<int64_t> cpu_busy_ns;  // by CPU

  // The metric's value; throws std::out_of_range for an unknown name.
  int64_t metric(const std::string& name) const;
};

// How a metric is to be read. `better`: -1 lower, +1 higher, 0 neither.
struct MetricInfo {
  std::string name, unit, help;
  int better;
};
const std::vector<MetricInfo>& metric_infos();

}  // namespace simsched

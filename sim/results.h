// RunResult: the figures of one simulation. Integers only, units in the names, so that the same
// config and seed give the same bytes anywhere.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace simsched {

// In a fixed order.
using NamedValues = std::vector<std::pair<std::string, int64_t>>;
using NamedNanos = NamedValues;  // where time went; see sim/accounting.h
using NamedGroups = std::vector<std::pair<std::string, NamedValues>>;

// A new member is one more row of for_each_column() below; nothing else lists them.
struct RunResult {
  std::string policy;  // label in the config
  std::string machine;
  std::string workload;
  uint64_t seed = 0;
  std::string status = "ok";  // or why it ended early
  int exit_code = 0;
  NamedValues metrics;                   // every row of sim/metric_table.h
  NamedNanos task_time;                  // summed over tasks: work_ns, ..., lifetime_ns, which is the sum of the others
  NamedNanos cpu_time;                   // summed over CPUs: task_ns, overhead_ns, idle_ns
  NamedGroups counters;                  // of the scheduling classes, by their names
  NamedGroups task_time_by_name;         // by name of tasks: tasks, work_ns, ..., lifetime_ns; what is 0 is left out
  NamedGroups task_time_by_role;         // the same of foreground and background
  NamedGroups groups;                    // by path of named groups: usage_ns, throttled_ns, nr_periods, ...
  NamedGroups tasks;                     // by "name[pid]", where asked for: run_ns, wait_ns, sleep_ns, switches, ...
  NamedGroups names;                     // the same of all tasks of a name
  NamedGroups energy_by_name;            // by name of tasks: energy_uj that cores took for them; where powers are known
  std::vector<int64_t> cpu_busy_ns;      // by CPU
  std::vector<int64_t> cpu_overhead_ns;  // of it, switching
  std::vector<int64_t> cpu_irq_ns;       // of it, in interrupts
  NamedGroups packets;                   // by class, then "all": see sim/packet_results.cc; empty without packets

  // A metric, a counter as CLASS_COUNTER ("fair_pulled"), or a figure of packets ("packets_voice_latency_ns_p99").
  std::optional<int64_t> find(std::string_view name) const;
  // The same; throws std::out_of_range for an unknown name.
  int64_t metric(std::string_view name) const;
  // Everything that has such a name.
  NamedValues figures() const;
};

// column(name, member) for each column of results.json, in its order; column(name, member, false) for one that older
// files of the same schema do not have.
template <class Result, class Column>
void for_each_column(Result& result, Column&& column) {
  column("machine", result.machine);
  column("policy", result.policy);
  column("workload", result.workload);
  column("seed", result.seed);
  column("status", result.status);
  column("exit_code", result.exit_code);
  column("metrics", result.metrics);
  column("task_time", result.task_time);
  column("cpu_time", result.cpu_time);
  column("counters", result.counters);
  column("task_time_by_name", result.task_time_by_name, false);
  column("task_time_by_role", result.task_time_by_role, false);
  column("groups", result.groups, false);
  column("tasks", result.tasks, false);
  column("names", result.names, false);
  column("energy_by_name", result.energy_by_name, false);
  column("cpu_busy_ns", result.cpu_busy_ns);
  column("cpu_overhead_ns", result.cpu_overhead_ns, false);
  column("cpu_irq_ns", result.cpu_irq_ns, false);
  column("packets", result.packets, false);
}

}  // namespace simsched

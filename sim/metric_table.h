// The metrics of a simulation: one row each, with everything about it. results.json, CSV, tables, configs and
// `simsched metrics` are made of this list, and a test holds docs/metrics.md to it.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/accounting.h"
#include "sim/energy.h"
#include "sim/fairness.h"
#include "sim/memory.h"
#include "sim/metrics.h"
#include "sim/wasted_idle.h"

namespace simsched {

// What a simulation adds up to: all that a metric is computed from.
struct Totals {
  Nanos makespan;
  Metrics counts;
  TaskTime tasks;      // of all tasks together
  CpuTime cpus;        // of all CPUs together
  WastedTime wasted;   // of their idle time
  EnergyMeter::Total energy;
  JainIndex fairness;  // of time on a CPU, of time that could have been
  Memory::Counts memory;
  uint64_t events = 0;
  uint64_t waits = 0, free_waits = 0;  // for another task's signal; of them, it had come already
  uint64_t unfinished = 0;             // foreground tasks that did not come to their end
  uint64_t starved = 0;                // see Engine::starved()
};

enum class Better { kLower, kHigher, kNeither };

struct Metric {
  std::string name;  // with its unit, if it has one: "wake_latency_ns_p99"
  std::string unit;  // "ns", "ppm" (millionths), "uj" or "count"
  Better better;
  std::string help;
  std::function<int64_t(const Totals&)> value;
  std::string samples = {};  // of a quantile: the metric that counts what it is taken of
};

// In the order of the results.
const std::vector<Metric>& metric_table();
// nullptr: unknown. Of a figure of packets, packets_CLASS_FIGURE (sim/packet_results.cc), what it is whatever the class.
const Metric* find_metric(std::string_view name);
// "voice" of "packets_voice_latency_ns_p99"; empty for other metrics.
std::string packet_class_of(std::string_view metric);

}  // namespace simsched

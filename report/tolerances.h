// How much worse a metric may become before a comparison of results calls it a regression.
#pragma once

#include <string>
#include <vector>

namespace simsched {

// Worse by more than both is too much.
struct Tolerance {
  std::string metric;
  double relative = 0;  // of the old mean: 0.01 is 1 %
  double absolute = 0;  // in the metric's own unit
};

// The metrics of the table of `simsched run`: the makespan 2 %, counts 5 % or ten, latencies 10 % or 1 us.
std::vector<Tolerance> default_tolerances();

// Of a YAML file:
//
//   metrics:
//     makespan_ns: 1%
//     wake_latency_ns_p99: {relative: 15%, absolute: 200us}
//
// In its order, which is that of tables. A name may be anything that results have: a counter, a figure of packets.
// Throws Error with file and line.
std::vector<Tolerance> read_tolerances(const std::string& text, const std::string& file);

}  // namespace simsched

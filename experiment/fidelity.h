// How well simulations match the recording they replay: the figures of `simsched validate`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "traces/trace_stats.h"

namespace simsched {

struct FidelityMetric {
  std::string name;  // as in docs/metrics.md, with the unit
  int64_t recorded = 0;
  int64_t simulated = 0;            // median over the seeds
  int64_t low = 0, high = 0;        // over the seeds
  std::optional<double> tolerance;  // relative; none: for information

  double error() const;  // (simulated - recorded) / recorded, signed; of 1 when nothing was recorded
  bool ok() const;
};

class Fidelity {
 public:
  // `simulated`: one a seed, not empty.
  Fidelity(const TraceStats& recorded, const std::vector<TraceStats>& simulated);

  const std::vector<FidelityMetric>& metrics() const { return metrics_; }
  size_t seeds() const { return seeds_; }
  bool ok() const;  // all are

 private:
  size_t seeds_;
  std::vector<FidelityMetric> metrics_;
};

}  // namespace simsched

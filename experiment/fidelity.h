// Could a simulation be one of the real runs? The figures of `simsched validate`; docs/metrics.md has the rules.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "topology/machine.h"
#include "traces/trace_stats.h"

namespace simsched {

// What one simulation shows.
struct ReplayFigures {
  TraceStats stats;
  uint64_t waits = 0, free_waits = 0;  // for another task's signal; of them, the signal had come already
  uint64_t let_go = 0;                 // waits that nothing would have met any more
};

// A recording, and its replays with several seeds (one at least).
struct RecordedRun {
  TraceStats recorded;
  std::vector<ReplayFigures> replays;
};

enum class Verdict : uint8_t {
  kNone,  // for information
  kOk,    // inside the range of real runs, widened by the tolerance
  kOutside,
  kUndetermined,  // the seeds differ by more than half of their median: it cannot be said
};
const char* verdict_name(Verdict verdict);  // "", "yes", "NO", "undetermined"

// How far outside of the range of real runs a figure may be.
struct Tolerance {
  double relative = 0;    // of the nearer end of the range
  int64_t absolute = 0;   // or so much
  bool is_share = false;  // the figure is a share or a distance in millionths: its error is a difference
};

struct FidelityMetric {
  std::string name;                                          // as in docs/metrics.md, with the unit
  int64_t recorded = 0, recorded_min = 0, recorded_max = 0;  // median and range of the real runs
  int64_t simulated = 0;                                     // the median of one recording's seeds, see Fidelity
  int64_t low = 0, high = 0;                                 // over all seeds
  bool wide = false;                                         // a recording's seeds differ by over half of their median
  std::optional<Tolerance> tolerance;                        // none: for information

  // How far `simulated` lies outside of the real range, signed: relative to the range's nearer end, of 1 when that is
  // 0; of shares the difference. 0: inside.
  double error() const;
  double limit() const;   // what error() may be; 0 without a tolerance
  double excess() const;  // how many times as much as it may be: 1 at the limit
  Verdict verdict() const;
};

// Each recording is replayed with its own seeds, and is judged by their median. A metric is as good as the recording
// that fares worst: `simulated` is the median that lies farthest outside of the range of the real runs, so that replays
// that are wrong in opposite directions do not cancel out.
class Fidelity {
 public:
  // `cpu_classes`: see equal_cpus(). `causes`: the recordings hold what programs told each other, so free waits are
  // right.
  Fidelity(const std::vector<RecordedRun>& runs, const std::vector<size_t>& cpu_classes, bool causes = false);

  const std::vector<FidelityMetric>& metrics() const { return metrics_; }
  const FidelityMetric* find(const std::string& name) const;  // null: there is none
  size_t seeds() const { return seeds_; }                     // of each recording
  size_t recordings() const { return recordings_; }
  bool ok() const { return count(Verdict::kOutside) == 0; }
  size_t count(Verdict verdict) const;
  // What is outside, that which is farthest beyond its tolerance first.
  std::vector<const FidelityMetric*> outside() const;

  // Simulated time of the least complete recording, and how long that recording is.
  Nanos replayed() const { return replayed_; }
  Nanos recorded() const { return recorded_; }

 private:
  size_t seeds_, recordings_;
  Nanos replayed_, recorded_;
  std::vector<FidelityMetric> metrics_;
};

// By CPU, a number that CPUs share which are alike: capacity, threads of the core, size of cache and node. Which of two
// such CPUs does what is chance.
std::vector<size_t> equal_cpus(const Machine& machine);

}  // namespace simsched

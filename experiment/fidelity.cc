#include "experiment/fidelity.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "base/error.h"

namespace simsched {
namespace {

// The tolerances of docs/metrics.md: what the project promises for the recorded machine and policy.
constexpr double kMakespan = 0.02, kSwitches = 0.10, kMigrations = 0.20, kLatency = 0.15, kBusy = 0.02;

using Figure = std::function<int64_t(const TraceStats&)>;

Figure latency(int percent) {
  return [percent](const TraceStats& stats) { return stats.latency_quantile(percent).count(); };
}

Figure counted(uint64_t TraceStats::*member) {
  return [member](const TraceStats& stats) { return static_cast<int64_t>(stats.*member); };
}

}  // namespace

double FidelityMetric::error() const {
  return static_cast<double>(simulated - recorded) / static_cast<double>(std::max<int64_t>(recorded, 1));
}

bool FidelityMetric::ok() const { return !tolerance || std::fabs(error()) <= *tolerance; }

Fidelity::Fidelity(const TraceStats& recorded, const std::vector<TraceStats>& simulated) : seeds_(simulated.size()) {
  SIMSCHED_CHECK(!simulated.empty(), "no simulation to compare with the recording");
  auto add = [&](std::string name, std::optional<double> tolerance, const Figure& figure) {
    std::vector<int64_t> values;
    values.reserve(simulated.size());
    for (const TraceStats& stats : simulated) values.push_back(figure(stats));
    std::sort(values.begin(), values.end());
    metrics_.push_back(
        {std::move(name), figure(recorded), values[(values.size() - 1) / 2], values.front(), values.back(), tolerance});
  };
  add("makespan_ns", kMakespan, [](const TraceStats& stats) { return stats.makespan.count(); });
  add("context_switches", kSwitches, counted(&TraceStats::switches));
  add("context_switches_involuntary", std::nullopt, counted(&TraceStats::involuntary));
  add("migrations", kMigrations, counted(&TraceStats::migrations));
  add("wake_latency_ns_p50", kLatency, latency(50));
  add("wake_latency_ns_p90", std::nullopt, latency(90));
  add("wake_latency_ns_p95", std::nullopt, latency(95));
  add("wake_latency_ns_p99", kLatency, latency(99));
  add("wake_latency_ns_mean", std::nullopt, [](const TraceStats& stats) { return stats.latency_mean.count(); });
  add("wakeups", std::nullopt, counted(&TraceStats::wakeups));
  add("forks", std::nullopt, counted(&TraceStats::forks));
  for (size_t cpu = 0; cpu < recorded.busy.size(); ++cpu) {
    add(fmt::format("cpu{}_busy_ns", cpu), kBusy,
        [cpu](const TraceStats& stats) { return cpu < stats.busy.size() ? stats.busy[cpu].count() : 0; });
  }
}

bool Fidelity::ok() const {
  return std::all_of(metrics_.begin(), metrics_.end(), [](const FidelityMetric& metric) { return metric.ok(); });
}

}  // namespace simsched

#include "experiment/fidelity.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <set>
#include <tuple>

#include "base/error.h"
#include "traces/latency_distance.h"

namespace simsched {
namespace {

constexpr int64_t kMillion = 1'000'000;

Tolerance relative(double share, int64_t absolute = 0) { return {share, absolute, false}; }
Tolerance points(double share) { return {0, std::llround(share * kMillion), true}; }

// The tolerances of docs/metrics.md: what the project promises for the recorded machine and policy.
const Tolerance kMakespan = relative(0.02), kCount = relative(0.10), kMigrations = relative(0.20),
                kMoves = relative(0.20, 50), kLatency = relative(0.15), kBusy = relative(0.02), kRun = relative(0.05),
                kDistance = points(0.20), kPlacement = points(0.05), kFreeWaits = points(0.15), kLetGo = points(0.01);
constexpr double kWait = 0.20;
constexpr int64_t kShownShare = 100;  // names with over 1 of so many parts of the CPU time have rows
constexpr uint64_t kEnough = 20;      // events, for a share of them to mean something
constexpr int64_t kUndetermined = 2;  // seeds that differ by over 1 of so many parts of their median

int64_t median(std::vector<int64_t> values) {
  std::sort(values.begin(), values.end());
  return values[(values.size() - 1) / 2];
}

// How far outside of the range.
int64_t beyond(int64_t value, int64_t low, int64_t high) {
  return value < low ? value - low : value > high ? value - high : 0;
}

using OfTrace = std::function<int64_t(const TraceStats&)>;
using OfReplay = std::function<int64_t(const ReplayFigures&)>;

OfTrace latency(int percent) {
  return [percent](const TraceStats& stats) { return stats.latency_quantile(percent).count(); };
}

OfTrace counted(uint64_t TraceStats::*member) {
  return [member](const TraceStats& stats) { return static_cast<int64_t>(stats.*member); };
}

int64_t share(uint64_t part, uint64_t whole) {
  return whole == 0 ? 0 : static_cast<int64_t>(part * static_cast<uint64_t>(kMillion) / whole);
}

// The busy times, sorted within each class of equal CPUs.
std::vector<Nanos> without_names(std::vector<Nanos> busy, const std::vector<size_t>& classes) {
  std::map<size_t, std::vector<size_t>> members;
  for (size_t cpu = 0; cpu < busy.size(); ++cpu)
    members[cpu < classes.size() ? classes[cpu] : classes.size() + cpu].push_back(cpu);
  for (const auto& [number, cpus] : members) {
    std::vector<Nanos> values;
    for (size_t cpu : cpus) values.push_back(busy[cpu]);
    std::sort(values.begin(), values.end());
    for (size_t i = 0; i < cpus.size(); ++i) busy[cpus[i]] = values[i];
  }
  return busy;
}

class Comparison {
 public:
  explicit Comparison(const std::vector<RecordedRun>& runs) : runs_(runs) {}

  void add(std::string name, std::optional<Tolerance> tolerance, const OfTrace& figure) {
    std::vector<int64_t> real;
    for (const RecordedRun& run : runs_) real.push_back(figure(run.recorded));
    add(std::move(name), tolerance, real, [&](const ReplayFigures& replay) { return figure(replay.stats); });
  }
  // `real`: what is in the range of real runs.
  void add(std::string name, std::optional<Tolerance> tolerance, const std::vector<int64_t>& real,
           const OfReplay& replayed) {
    FidelityMetric metric;
    metric.name = std::move(name);
    metric.tolerance = tolerance;
    metric.recorded = median(real);
    metric.recorded_min = *std::min_element(real.begin(), real.end());
    metric.recorded_max = *std::max_element(real.begin(), real.end());
    std::vector<int64_t> all, medians;
    for (const RecordedRun& run : runs_) {
      std::vector<int64_t> seeds;
      for (const ReplayFigures& replay : run.replays) seeds.push_back(replayed(replay));
      const auto [low, high] = std::minmax_element(seeds.begin(), seeds.end());
      const int64_t range = *high - *low;
      medians.push_back(median(seeds));
      metric.wide =
          metric.wide || (tolerance && range > tolerance->absolute && range * kUndetermined > std::abs(medians.back()));
      all.insert(all.end(), seeds.begin(), seeds.end());
    }
    metric.low = *std::min_element(all.begin(), all.end());
    metric.high = *std::max_element(all.begin(), all.end());
    metric.simulated = median(all);
    int64_t farthest = 0;
    for (int64_t value : medians) {
      const int64_t distance = std::abs(beyond(value, metric.recorded_min, metric.recorded_max));
      if (distance > farthest) farthest = distance, metric.simulated = value;
    }
    metrics_.push_back(std::move(metric));
  }

  std::vector<FidelityMetric> take() { return std::move(metrics_); }

 private:
  const std::vector<RecordedRun>& runs_;
  std::vector<FidelityMetric> metrics_;
};

// The distance to the nearest real run: of each real run to another one, of each replay to any.
void add_distance(Comparison& comparison, const std::vector<RecordedRun>& runs) {
  auto nearest = [&](const TraceStats& stats) {
    std::optional<int64_t> least;
    for (const RecordedRun& run : runs) {
      if (&run.recorded == &stats) continue;
      const int64_t distance = latency_distance_ppm(stats.latencies, run.recorded.latencies);
      if (!least || distance < *least) least = distance;
    }
    return least.value_or(0);
  };
  std::vector<int64_t> real = {0};  // nearer than real runs are to each other is as good
  for (const RecordedRun& run : runs) real.push_back(nearest(run.recorded));
  comparison.add("wake_latency_distance_ppm", kDistance, real,
                 [&](const ReplayFigures& replay) { return nearest(replay.stats); });
}

void add_moves(Comparison& comparison, const std::vector<RecordedRun>& runs) {
  for (size_t kind = 0; kind < kMoveNames.size(); ++kind) {
    comparison.add(std::string("migrations_") + kMoveNames[kind], kMoves,
                   [kind](const TraceStats& stats) { return static_cast<int64_t>(stats.moves.by_kind[kind]); });
  }
  const bool enough = std::all_of(runs.begin(), runs.end(),
                                  [](const RecordedRun& run) { return run.recorded.moves.placed >= kEnough; });
  comparison.add("forks_placed_away_ppm", enough ? std::optional(kPlacement) : std::nullopt,
                 [](const TraceStats& stats) { return share(stats.moves.placed_away, stats.moves.placed); });
}

// Names that use more than 1 % of the CPU time in one of the recordings.
void add_names(Comparison& comparison, const std::vector<RecordedRun>& runs) {
  std::set<std::string> names;
  Nanos shortest = Nanos::max();
  for (const RecordedRun& run : runs) {
    Nanos all;
    for (const auto& [name, time] : run.recorded.by_name) all += time.run;
    for (const auto& [name, time] : run.recorded.by_name)
      if (time.run * kShownShare > all) names.insert(name);
    shortest = std::min(shortest, run.recorded.makespan);
  }
  auto of = [](const std::string& name, Nanos NameTime::*what) {
    return [name, what](const TraceStats& stats) {
      const auto found = stats.by_name.find(name);
      return found == stats.by_name.end() ? 0 : (found->second.*what).count();
    };
  };
  for (const std::string& name : names) {
    comparison.add("run_ns of " + name, kRun, of(name, &NameTime::run));
    // A name that hardly waits has no wait to speak of.
    comparison.add("wait_ns of " + name, relative(kWait, shortest.count() / 100), of(name, &NameTime::wait));
  }
}

}  // namespace

const char* verdict_name(Verdict verdict) {
  static const char* const kNames[] = {"", "yes", "NO", "undetermined"};
  return kNames[static_cast<size_t>(verdict)];
}

double FidelityMetric::error() const {
  const double difference = static_cast<double>(beyond(simulated, recorded_min, recorded_max));
  if (tolerance && tolerance->is_share) return difference / static_cast<double>(kMillion);
  const int64_t end = simulated < recorded_min ? recorded_min : recorded_max;
  return difference / static_cast<double>(std::max<int64_t>(end, 1));
}

double FidelityMetric::limit() const {
  if (!tolerance) return 0;
  if (tolerance->is_share) return static_cast<double>(tolerance->absolute) / static_cast<double>(kMillion);
  return tolerance->relative;
}

Verdict FidelityMetric::verdict() const {
  if (!tolerance) return Verdict::kNone;
  if (wide) return Verdict::kUndetermined;
  return excess() <= 1 ? Verdict::kOk : Verdict::kOutside;
}

double FidelityMetric::excess() const {
  if (!tolerance) return 0;
  const double by_share = std::fabs(error()) / limit();
  if (tolerance->is_share || tolerance->absolute == 0) return by_share;
  const double difference = std::fabs(static_cast<double>(beyond(simulated, recorded_min, recorded_max)));
  return std::min(by_share, difference / static_cast<double>(tolerance->absolute));
}

Fidelity::Fidelity(const std::vector<RecordedRun>& runs, const std::vector<size_t>& cpu_classes, bool causes)
    : recordings_(runs.size()) {
  SIMSCHED_CHECK(!runs.empty(), "no recording to compare with");
  for (const RecordedRun& run : runs) SIMSCHED_CHECK(!run.replays.empty(), "no simulation to compare with a recording");
  seeds_ = runs.front().replays.size();

  Comparison c(runs);
  c.add("makespan_ns", kMakespan, [](const TraceStats& stats) { return stats.makespan.count(); });
  c.add("context_switches", kCount, counted(&TraceStats::switches));
  c.add("context_switches_involuntary", kCount, counted(&TraceStats::involuntary));
  // Some tools record switches alone: nothing is known of wake-ups then.
  if (std::any_of(runs.begin(), runs.end(), [](const RecordedRun& run) { return !run.recorded.latencies.empty(); })) {
    c.add("wakeups", kCount, counted(&TraceStats::wakeups));
    c.add("forks", std::nullopt, counted(&TraceStats::forks));
    for (int percent : {50, 90, 95, 99}) c.add(fmt::format("wake_latency_ns_p{}", percent), kLatency, latency(percent));
    c.add("wake_latency_ns_mean", kLatency, [](const TraceStats& stats) { return stats.latency_mean.count(); });
    add_distance(c, runs);
  }
  c.add("migrations", kMigrations, counted(&TraceStats::migrations));
  add_moves(c, runs);
  for (size_t cpu = 0; cpu < runs.front().recorded.busy.size(); ++cpu) {
    c.add(fmt::format("cpu{}_busy_ns", cpu), kBusy, [&, cpu](const TraceStats& stats) {
      return cpu < stats.busy.size() ? without_names(stats.busy, cpu_classes)[cpu].count() : 0;
    });
  }
  add_names(c, runs);
  c.add("waits_free_ppm", causes ? std::nullopt : std::optional(kFreeWaits), {0}, [](const ReplayFigures& replay) {
    return replay.waits < kEnough ? 0 : share(replay.free_waits, replay.waits);
  });
  c.add("waits_let_go_ppm", kLetGo, {0}, [](const ReplayFigures& replay) {
    return share(replay.let_go, std::max(replay.stats.wakeups, replay.let_go));
  });
  metrics_ = c.take();

  double least = 2;
  for (const RecordedRun& run : runs) {
    std::vector<int64_t> lengths;
    for (const ReplayFigures& replay : run.replays) lengths.push_back(replay.stats.makespan.count());
    const double done =
        static_cast<double>(median(lengths)) / static_cast<double>(std::max<int64_t>(run.recorded.makespan.count(), 1));
    if (done >= least) continue;
    least = done;
    replayed_ = Nanos(median(lengths));
    recorded_ = run.recorded.makespan;
  }
}

const FidelityMetric* Fidelity::find(const std::string& name) const {
  auto found = std::find_if(metrics_.begin(), metrics_.end(), [&](const auto& metric) { return metric.name == name; });
  return found == metrics_.end() ? nullptr : &*found;
}

size_t Fidelity::count(Verdict verdict) const {
  return static_cast<size_t>(std::count_if(metrics_.begin(), metrics_.end(),
                                           [&](const FidelityMetric& metric) { return metric.verdict() == verdict; }));
}

std::vector<const FidelityMetric*> Fidelity::outside() const {
  std::vector<const FidelityMetric*> list;
  for (const FidelityMetric& metric : metrics_)
    if (metric.verdict() == Verdict::kOutside) list.push_back(&metric);
  std::stable_sort(list.begin(), list.end(), [](auto* a, auto* b) { return a->excess() > b->excess(); });
  return list;
}

std::vector<size_t> equal_cpus(const Machine& machine) {
  std::map<std::tuple<int32_t, size_t, size_t, size_t>, size_t> numbers;
  std::vector<size_t> classes;
  for (CpuId id : machine.cpus()) {
    const Cpu& cpu = machine.cpu(id);
    const std::tuple key{cpu.capacity, machine.smt_cpus(id).size(), machine.llc_cpus(cpu.llc).size(),
                         machine.node_cpus(cpu.node).size()};
    classes.push_back(numbers.try_emplace(key, numbers.size()).first->second);
  }
  return classes;
}

}  // namespace simsched

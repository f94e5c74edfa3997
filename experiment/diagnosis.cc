#include "experiment/diagnosis.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace simsched {
namespace {

constexpr double kMuchFree = 0.15;  // kernel builds have 7 to 12 %, programs that talk 15 to 53 %
constexpr double kMuchForeign = 0.10;
constexpr size_t kMostReasons = 3;

// Share of the computed work of all tasks that is of background ones.
double foreign_share(const Workload& workload) {
  double all = 0, foreign = 0;
  for (size_t i = 0; i < workload.tasks.size(); ++i) {
    for (const Op& op : workload.program(TaskId(i))) {
      if (op.kind != OpKind::kCompute) continue;
      all += static_cast<double>(op.value);
      if (workload.tasks[i].background) foreign += static_cast<double>(op.value);
    }
  }
  return all > 0 ? foreign / all : 0;
}

// EEVDF came with Linux 6.6.
bool before_eevdf(const std::string& kernel) {
  int major = 0, minor = 0;
  return std::sscanf(kernel.c_str(), "%d.%d", &major, &minor) == 2 && (major < 6 || (major == 6 && minor < 6));
}

bool starts_with_any(std::string_view name, std::initializer_list<std::string_view> beginnings) {
  return std::any_of(beginnings.begin(), beginnings.end(), [&](auto begin) { return name.starts_with(begin); });
}

// Whether all that is outside has a name that begins so.
bool only(const std::vector<const FidelityMetric*>& outside, std::initializer_list<std::string_view> beginnings) {
  return std::all_of(outside.begin(), outside.end(),
                     [&](const FidelityMetric* metric) { return starts_with_any(metric->name, beginnings); });
}

class Diagnoses {
 public:
  Diagnoses(const Fidelity& fidelity, const Grounds& grounds) : outside_(fidelity.outside()) {
    if (outside_.empty()) return;
    lost(grounds.lost_events);
    let_go(*fidelity.find("waits_let_go_ppm"));
    free_waits(*fidelity.find("waits_free_ppm"), grounds.causes);
    assumed(grounds.assumed);
    another_policy(grounds);
    foreign(grounds.not_command);
    latencies_alone();
    moves_alone();
    one_recording(fidelity.recordings());
    list_.resize(std::min(list_.size(), kMostReasons));
  }

  std::vector<Diagnosis> take() { return std::move(list_); }

 private:
  void lost(uint64_t events) {
    if (events == 0) return;
    list_.push_back({fmt::format("{} events were lost while recording: what depended on them is missing", events),
                     "record again with a larger buffer (scripts/record: 4096 pages a CPU) or a shorter command"});
  }
  void free_waits(const FidelityMetric& metric, bool causes) {
    const double share = static_cast<double>(metric.simulated) / 1e6;
    if (causes || share <= kMuchFree) return;
    list_.push_back(
        {fmt::format("not replayable closed-loop: {:.0f} % of the waits found their signal there already. The "
                     "programs sent each other messages that woke nobody, and a plain recording has none of "
                     "those",
                     share * 100),
         "record what they tell each other: scripts/record --causes"});
  }
  void let_go(const FidelityMetric& metric) {
    if (metric.verdict() != Verdict::kOutside) return;
    list_.push_back(
        {fmt::format("the replay locked up: {:.1f} % of its waits had to be let go, as nothing met them in this order",
                     static_cast<double>(metric.simulated) / 1e4),
         "trust none of its figures; record with scripts/record --causes, or more completely"});
  }
  void assumed(const std::string& what) {
    if (what.empty()) return;
    list_.push_back({"nobody told its " + what + ": what was assumed may be wrong",
                     "record with scripts/record, which writes them down, or say so: --machine, NAME.recorded.yaml"});
  }
  void another_policy(const Grounds& grounds) {
    const bool older = before_eevdf(grounds.kernel);
    if (grounds.kernel.empty() || (grounds.policy != "eevdf" && grounds.policy != "cfs")) return;
    if (older != (grounds.policy == "eevdf")) return;
    list_.push_back({fmt::format("it was recorded on Linux {}, whose fair class is {}, not {}", grounds.kernel,
                                 older ? "CFS" : "EEVDF", grounds.policy),
                     "replay it under what ran there: leave --policy out"});
  }
  void foreign(double share) {
    if (share <= kMuchForeign) return;
    list_.push_back(
        {fmt::format("{:.0f} % of the CPU time was not the command's but of other programs and kernel threads, "
                     "which are replayed by the clock",
                     share * 100),
         "record on a quiet machine"});
  }
  void latencies_alone() {
    if (!only(outside_, {"wake_latency_"})) return;
    list_.push_back({"only latencies differ: what a wake-up costs on this machine may not be what its file says",
                     "measure its costs in this very recording: simsched calibrate; or name the machine (--machine, or "
                     "'machine:' in NAME.recorded.yaml)"});
  }
  void moves_alone() {
    if (!only(outside_, {"migrations", "forks_placed", "cpu"})) return;
    list_.push_back(
        {"only placement differs: in virtual machines the kernel's view of idle CPUs is not modelled in full",
         "trust the totals, and see docs/fidelity.md for what is known of it"});
  }
  void one_recording(size_t recordings) {
    if (recordings > 1) return;
    list_.push_back({"one recording is not the truth: two real runs of one program may differ by more than a tolerance",
                     "record several, scripts/record --runs 3, and name them all"});
  }

  const std::vector<const FidelityMetric*> outside_;
  std::vector<Diagnosis> list_;
};

// What makes most of the difference.
std::string assumed_of(const Circumstances::Told& told, bool machine_named) {
  std::string text;
  auto add = [&](bool known, const char* name) {
    if (!known) text += (text.empty() ? "" : ", ") + std::string(name);
  };
  add(told.machine || machine_named, "machine");
  add(told.hz, "HZ");
  add(told.preempt, "preemption");
  return text;
}

}  // namespace

Grounds grounds_of(const std::vector<Recording>& recordings, const std::string& policy, bool machine_named) {
  Grounds grounds;
  grounds.policy = policy;
  for (const Recording& recording : recordings) {
    const SchedTrace::Holes& holes = recording.trace.holes;
    grounds.lost_events = std::max(grounds.lost_events, holes.lost_events + holes.lost_calls);
    grounds.causes = grounds.causes || !recording.trace.calls.empty();
    grounds.not_command = std::max(grounds.not_command, foreign_share(recording.workload));
    grounds.kernel = recording.kernel.version;
    const std::string assumed = assumed_of(recording.trace.circumstances.told, machine_named);
    if (assumed.size() > grounds.assumed.size()) grounds.assumed = assumed;
  }
  return grounds;
}

std::string fair_policy_of(const std::string& kernel) { return before_eevdf(kernel) ? "cfs" : "eevdf"; }

std::vector<Diagnosis> diagnose(const Fidelity& fidelity, const Grounds& grounds) {
  return Diagnoses(fidelity, grounds).take();
}

}  // namespace simsched

#include "report/page/timeline.h"

#include <algorithm>
#include <unordered_map>

namespace simsched {
namespace {

class Builder {
 public:
  explicit Builder(const SchedTrace& trace) : trace_(trace), open_(trace.nr_cpus) {
    timeline_.cpus.resize(trace.nr_cpus);
    timeline_.end = trace.duration();
  }

  void handle(const TraceEvent& event) {
    if (event.pid.value() > 0 && event.name != 0) timeline_.tasks[task(event.pid)].name = trace_.names[event.name];
    if (event.kind != TraceKind::kSwitch || !event.cpu.valid() || event.cpu.index() >= open_.size()) return;
    Open& open = open_[event.cpu.index()];
    close(event.cpu, event.time, event.current);
    open.since = event.time;
    open.task = event.pid.value() > 0 ? static_cast<int32_t>(task(event.pid)) : kIdle;
  }

  Timeline take() {
    for (size_t cpu = 0; cpu < open_.size(); ++cpu) close(CpuId(cpu), timeline_.end, {});
    return std::move(timeline_);
  }

 private:
  static constexpr int32_t kIdle = -1, kUnknown = -2;
  struct Open {
    Nanos since{0};
    int32_t task = kUnknown;  // before its first switch
  };

  size_t task(Pid pid) {
    auto [at, is_new] = index_.try_emplace(pid.value(), timeline_.tasks.size());
    if (is_new) timeline_.tasks.push_back({pid, ""});
    return at->second;
  }
  // Who was there before the first switch is told by that switch.
  void close(CpuId cpu, Nanos now, Pid left) {
    Open& open = open_[cpu.index()];
    if (open.task == kUnknown) open.task = left.value() > 0 ? static_cast<int32_t>(task(left)) : kIdle;
    if (open.task != kIdle && now > open.since) timeline_.cpus[cpu.index()].push_back({open.since, now, open.task});
  }

  const SchedTrace& trace_;
  Timeline timeline_;
  std::vector<Open> open_;  // by CpuId: who runs
  std::unordered_map<int32_t, size_t> index_;
};

// Runs shorter than `coarse` whose neighbour lies less than that away join it.
std::vector<TimelineRun> joined(const std::vector<TimelineRun>& runs, Nanos coarse) {
  std::vector<TimelineRun> out;
  for (const TimelineRun& run : runs) {
    const bool is_short = run.end - run.start < coarse;
    if (is_short && !out.empty() && run.start - out.back().end < coarse &&
        (out.back().task == kManyTasks || out.back().end - out.back().start < coarse)) {
      if (out.back().task != run.task) out.back().task = kManyTasks;
      out.back().end = run.end;
    } else {
      out.push_back(run);
    }
  }
  return out;
}

size_t count(const std::vector<std::vector<TimelineRun>>& cpus) {
  size_t sum = 0;
  for (const auto& runs : cpus) sum += runs.size();
  return sum;
}

}  // namespace

Timeline timeline_of(const SchedTrace& trace, size_t most) {
  Builder builder(trace);
  for (const TraceEvent& event : trace.events) builder.handle(event);
  Timeline timeline = builder.take();
  if (count(timeline.cpus) <= most) return timeline;
  for (Nanos coarse(1000); coarse < timeline.end; coarse = coarse * 2) {
    std::vector<std::vector<TimelineRun>> cpus;
    for (const auto& runs : timeline.cpus) cpus.push_back(joined(runs, coarse));
    if (count(cpus) > most && coarse * 2 < timeline.end) continue;
    timeline.cpus = std::move(cpus);
    timeline.coarse = coarse;
    break;
  }
  return timeline;
}

}  // namespace simsched

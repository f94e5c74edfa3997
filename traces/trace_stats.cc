#include "traces/trace_stats.h"

#include <algorithm>

namespace simsched {
namespace {

constexpr Nanos kNone{-1};

}  // namespace

Nanos TraceStats::latency_quantile(int percent) const {
  if (latencies.empty()) return Nanos(0);
  size_t rank = (latencies.size() * static_cast<size_t>(std::clamp(percent, 0, 100)) + 99) / 100;
  return latencies[std::max(rank, size_t{1}) - 1];
}

TraceStats trace_stats(const SchedTrace& trace, const std::vector<bool>& no_switch_from_idle) {
  TraceStats stats;
  stats.makespan = trace.duration();
  stats.busy.assign(trace.nr_cpus, Nanos(0));
  if (trace.events.empty()) return stats;
  stats.moves = trace_moves(trace, no_switch_from_idle);
  stats.by_name = time_by_name(trace);

  int32_t last_pid = 0;
  for (const TraceEvent& event : trace.events)
    last_pid = std::max({last_pid, event.pid.value(), event.current.value()});
  std::vector<Nanos> woken(static_cast<size_t>(last_pid) + 1,
                           kNone);                       // by pid: its first waking since it was switched in
  std::vector<bool> running(woken.size(), false);        // by pid
  std::vector<bool> woken_running(woken.size(), false);  // by pid: `woken` was while it ran
  std::vector<Nanos> busy_since(trace.nr_cpus, kNone);   // by CPU; none while it is idle
  std::vector<bool> seen(trace.nr_cpus, false);
  Nanos begin = trace.events.front().time, end = trace.events.back().time;

  for (const TraceEvent& event : trace.events) {
    if (!event.cpu.valid() || event.cpu.index() >= trace.nr_cpus) continue;
    size_t current = event.current.valid() ? event.current.index() : 0;
    bool invisible =
        current == 0 && event.cpu.index() < no_switch_from_idle.size() && no_switch_from_idle[event.cpu.index()];
    if (invisible && event.kind != TraceKind::kSwitch) continue;
    if (event.kind != TraceKind::kSwitch && woken[current] != kNone && !running[current] && !woken_running[current]) {
      woken[current] = kNone;  // it runs, and its switch-in is missing: when it was is not known
    }
    switch (event.kind) {
      case TraceKind::kSwitch: {
        size_t cpu = event.cpu.index();
        bool from_idle = event.current.value() == 0;
        if (!invisible) ++stats.switches;
        if (!from_idle && (event.state == kStateRunning || event.state == kStatePreempted)) ++stats.involuntary;
        // Who leaves at the first switch of a CPU was there from the start.
        Nanos since = seen[cpu] || from_idle ? busy_since[cpu] : begin;
        seen[cpu] = true;
        if (since != kNone) stats.busy[cpu] += event.time - since;
        busy_since[cpu] = event.pid.value() != 0 ? event.time : kNone;
        running[current] = false;
        if (!event.pid.valid() || event.pid.value() == 0) break;
        size_t next = event.pid.index();
        running[next] = true;
        if (woken[next] != kNone) stats.latencies.push_back(event.time - woken[next]);
        woken[next] = kNone;
        break;
      }
      case TraceKind::kWaking:
      case TraceKind::kWakeupNew:
        if (event.kind == TraceKind::kWakeupNew && event.pid.valid())
          woken[event.pid.index()] = kNone;  // a pid used again
        if (event.pid.valid() && woken[event.pid.index()] == kNone) {
          woken[event.pid.index()] = event.time;
          woken_running[event.pid.index()] = running[event.pid.index()];
        }
        break;
      case TraceKind::kMigrate:
        ++stats.migrations;
        break;
      case TraceKind::kFork:
        ++stats.forks;
        break;
      default:
        break;
    }
  }
  for (size_t cpu = 0; cpu < trace.nr_cpus; ++cpu) {
    if (busy_since[cpu] != kNone) stats.busy[cpu] += end - busy_since[cpu];
  }

  stats.wakeups = stats.latencies.size();
  std::sort(stats.latencies.begin(), stats.latencies.end());
  if (!stats.latencies.empty()) {
    Nanos sum{0};
    for (Nanos latency : stats.latencies) sum += latency;
    stats.latency_mean = sum / static_cast<int64_t>(stats.latencies.size());
  }
  return stats;
}

}  // namespace simsched

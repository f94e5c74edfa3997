#include "traces/event_merge.h"

#include <algorithm>
#include <queue>

#include "traces/time_jumps.h"

namespace simsched {
namespace {

struct Head {
  Nanos time;
  size_t cpu;
  friend bool operator>(const Head& a, const Head& b) { return a.time != b.time ? a.time > b.time : a.cpu > b.cpu; }
};

}  // namespace

void merge_events(SchedTrace& trace, std::vector<std::vector<TraceEvent>> per_cpu, Nanos first) {
  leave_out_time_jumps(trace, per_cpu, first);
  size_t total = 0;
  for (auto& events : per_cpu) {
    total += events.size();
    Nanos last = first;
    bool sorted = true;
    for (TraceEvent& event : events) {
      event.time = std::max(event.time, first);
      if (event.time < last) {
        ++trace.holes.clock_backwards;
        sorted = false;
      }
      last = event.time;
    }
    if (!sorted)
      std::stable_sort(events.begin(), events.end(),
                       [](const TraceEvent& a, const TraceEvent& b) { return a.time < b.time; });
    for (const TraceEvent& event : events)
      for (CpuId cpu : {event.cpu, event.other_cpu, event.dest_cpu})
        if (cpu.valid()) trace.nr_cpus = std::max(trace.nr_cpus, cpu.index() + 1);
  }
  if (total == 0) return;
  trace.origin = first;
  for (PowerEvent& event : trace.power) {
    event.time = std::max(event.time, first) - first;
    trace.nr_cpus = std::max(trace.nr_cpus, event.cpu.index() + 1);
  }
  std::stable_sort(trace.power.begin(), trace.power.end(), [](auto& a, auto& b) { return a.time < b.time; });
  trace.events.reserve(total);

  // A CPU's events are copied for as long as they come before those of every other CPU.
  std::vector<size_t> at(per_cpu.size());
  std::priority_queue<Head, std::vector<Head>, std::greater<>> heads;
  for (size_t cpu = 0; cpu < per_cpu.size(); ++cpu)
    if (!per_cpu[cpu].empty()) heads.push({per_cpu[cpu].front().time, cpu});
  while (!heads.empty()) {
    size_t cpu = heads.top().cpu;
    heads.pop();
    const auto& events = per_cpu[cpu];
    size_t& next = at[cpu];
    Head limit = heads.empty() ? Head{Nanos::max(), per_cpu.size()} : heads.top();
    do {
      trace.events.push_back(events[next++]);
      trace.events.back().time -= first;
    } while (next < events.size() && limit > Head{events[next].time, cpu});
    if (next < events.size()) heads.push({events[next].time, cpu});
  }
}

}  // namespace simsched

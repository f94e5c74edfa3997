// Figures of a SchedTrace, recorded or simulated alike: what `validate` compares.
//
// A latency runs from the first waking (or wakeup_new) since a task was last switched in to its next
// switch-in. A task that is seen running though its switch-in is missing gives none.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "traces/sched_trace.h"
#include "traces/trace_moves.h"
#include "traces/trace_names.h"

namespace simsched {

struct TraceStats {
  Nanos makespan{0};         // first to last event
  uint64_t switches = 0;     // sched_switch, without the invisible ones (see below)
  uint64_t involuntary = 0;  // of them, the leaving task was still runnable
  uint64_t migrations = 0;   // sched_migrate_task
  uint64_t forks = 0;
  uint64_t wakeups = 0;          // wakings (and new tasks) whose task is later switched in
  std::vector<Nanos> busy;       // by CPU: time in a task, from switches
  std::vector<Nanos> latencies;  // waking or wakeup_new to switch-in, sorted
  Nanos latency_mean{0};
  TraceMoves moves;
  std::map<std::string, NameTime> by_name;

  // Nearest-rank quantile of the latencies; 0 when there are none.
  Nanos latency_quantile(int percent) const;
};

// `no_switch_from_idle`: CPUs whose idle task raised no event in the recording (see SchedTrace::Holes).
// What it raises there, switches out of idle and wakings from interrupts, is not counted, so that a
// simulation is counted as its recording was.
TraceStats trace_stats(const SchedTrace& trace, const std::vector<bool>& no_switch_from_idle);

}  // namespace simsched

// From a SchedTrace to a closed-loop Workload: work, dependencies and sleeps, not time stamps.
// docs/replay.md says how each event is understood.
#pragma once

#include <cstdint>
#include <vector>

#include "topology/machine.h"
#include "traces/sched_trace.h"
#include "workloads/workload.h"

namespace simsched {

// What the builder met; printed by `simsched import` and `validate`.
struct BuildReport {
  uint64_t tasks = 0;
  uint64_t tasks_alive_at_start = 0;
  uint64_t tasks_alive_at_end = 0;
  uint64_t background = 0;           // tasks that do not keep the simulation alive
  uint64_t edges = 0;                // wakes by a task, replayed as a signal
  uint64_t exit_edges = 0;           // of them, an exiting task's last: to its parent
  uint64_t timed_wakes = 0;          // wakes from interrupts, idle or kernel threads, replayed as a delay
  uint64_t tick_wakes = 0;           // of them, at a tick
  uint64_t wakes_of_running = 0;     // wakes of a task that did not block: no edge
  uint64_t blocks_without_wake = 0;  // replayed as a delay to the next run
  uint64_t stopper_runs = 0;         // migration/N: not replayed, the simulated kernel has its own
  uint64_t execs = 0;
  uint64_t execs_balanced = 0;      // of them, the balancing before it was seen
  uint64_t kills = 0;               // tasks that a signal ended
  uint64_t lock_waits = 0;          // for a lock that another task held
  uint64_t calls = 0;               // of a causal recording
  uint64_t unmatched_receives = 0;  // of bytes that nobody was seen to send: their blocks end as without calls
  uint64_t priority_changes = 0;    // to or from real time: not replayed
  uint64_t negative_work = 0;       // segments shorter than the costs taken off them
};

// `machine` is the machine of the recording: its cost constants are taken off the recorded run times,
// because the simulation adds its own.
Workload build_workload(const SchedTrace& trace, const Machine& machine, BuildReport* report = nullptr);

}  // namespace simsched

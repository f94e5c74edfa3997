// What a scheduler decided for a load, from its trace: of a kernel or of a simulation, measured alike.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "topology/machine.h"
#include "traces/sched_trace.h"

namespace simsched {

inline constexpr size_t kDistances = 5;  // of Distance

struct OracleFigures {
  std::vector<int64_t> node_ns, llc_ns;  // CPU time of the tasks, by node and by LLC
  struct Named {
    int64_t cpu_ns = 0, tasks = 0;
  };
  std::map<std::string, Named> by_name;           // the same by what a task was called last
  std::array<uint64_t, kDistances> forks{};       // new tasks, by how far from their parent they were placed
  std::array<uint64_t, kDistances> wakes{};       // wake-ups, by how far from where they ran last
  std::array<uint64_t, kDistances> migrations{};  // all of them, by how far; kSameCpu stays 0
  uint64_t by_waker = 0;                          // of them, tasks placed when they were woken
  uint64_t by_stopper = 0;                        // ... moved while they ran: exec and active balancing
  uint64_t pulled = 0;                            // all others
  int64_t window_ns = 0;                          // from the first start to the last end; sums over it:
  int64_t overlooked_ns = 0;                      // CPUs that idled while as many tasks waited behind another elsewhere
  int64_t unspread_ns = 0;                        // cores that idled while as many others were shared by their threads
  int64_t settle_ns = -1;  // from the last start until none of both held on, before the first end; -1: never
};

// Of the task "launch" (scx_port/proof/guest_load.h) all descendants, without itself.
OracleFigures oracle_figures(const SchedTrace& trace, const Machine& machine);

}  // namespace simsched

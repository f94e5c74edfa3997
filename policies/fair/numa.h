// What automatic NUMA balancing knows of tasks: see numa.cc.
#pragma once

#include <cstdint>
#include <vector>

#include "base/ids.h"

namespace simsched::fair {

struct NumaTask {
  int64_t stamp = 0;              // its CPU time at the last scan, ns
  int64_t period = 0;             // of that, until the next one; 0: there was none
  int64_t left = 0;               // pages of this pass that are still to be scanned
  int64_t passes = 0;             // over all of its pages (numa_scan_seq)
  int64_t next_try = 0;           // ns; not sent home before (numa_migrate_retry)
  int64_t local = 0, remote = 0;  // faults of this pass
  NodeId preferred;               // numa_preferred_nid
  NodeId faulted_on;              // where it ran at the last scan
};

// Of tasks that share a memory: faults by the node of the page, and by that of the task; all decaying, and those of
// this pass. Pages left of this pass.
struct NumaGroup {
  std::vector<int64_t> left, faults, fresh, cpu, fresh_cpu;
  int64_t tasks = 0;
  int64_t next_scan = 0;  // ns (mm_struct::numa_next_scan)
  NodeId preferred;
};

struct NumaState {
  std::vector<NumaTask> tasks;    // by TaskId; empty: off
  std::vector<NumaGroup> groups;  // by TaskSpec::share, from 1
  // Of the first task by node, of the second, ...: faults, decaying; those of this pass; pages left of this pass.
  std::vector<int64_t> faults, fresh, left;
  int64_t hint_faults = 0, hint_faults_local = 0, task_moves = 0, task_swaps = 0;
};

// Whether the tasks of a queue are where they want to be, from the one that is best left alone (fbq_type). In this
// order.
enum class NumaClass : uint8_t { kRegular, kRemote, kAll };

}  // namespace simsched::fair

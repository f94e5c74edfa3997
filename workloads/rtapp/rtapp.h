// Files of rt-app (github.com/scheduler-tools/rt-app), as they are written: tasks with phases of events. Its grammar as
// of 2026; docs/workloads.md says what each key does here.
//
// Order counts, and a key may stand several times: what workgen makes of such files, rt-app's own parser keeps the
// last.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/cpu_set.h"
#include "base/units.h"
#include "workloads/workload.h"

namespace simsched::rtapp {

enum class EventKind : uint8_t {
  kRun,
  kRuntime,
  kSleep,
  kTimer,
  kLock,
  kUnlock,
  kWait,
  kSignal,
  kBroad,
  kSync,
  kSuspend,
  kResume,
  kSemPost,
  kSemWait,
  kBarrier,
  kMem,
  kMemRead,
  kMemWrite,
  kMemChase,
  kIoRun,
  kYield,
  kFork,
};

struct Event {
  EventKind kind;
  std::string ref;  // what it names: a mutex, condition, semaphore, barrier, timer, task; kSuspend: empty: its own task
  std::string mutex;      // kWait, kSync
  Nanos time{0};          // kRun, kRuntime, kSleep, kTimer
  int64_t count = 0;      // kMem*, kIoRun: bytes, or hops of a chase
  int64_t size = 0;       // kMemChase: of its buffer
  bool absolute = false;  // kTimer
  std::string where;
};

struct Scheduling {
  enum class Policy : uint8_t { kOther, kBatch, kIdle, kFifo, kRr, kDeadline };
  std::optional<Policy> policy;
  std::optional<int> priority;  // nice of the first three
  Nanos runtime{0};              // of SCHED_DEADLINE; of the others a slice; 0: not given
  Nanos deadline{0}, period{0};  // of SCHED_DEADLINE; the same
  std::optional<uint16_t> util_min, util_max;
};

struct Phase {
  std::vector<Event> events;
  int64_t rounds = 1;  // 0: for ever
  std::optional<CpuSet> cpus;
  Scheduling scheduling;
  std::optional<std::string> taskgroup;
  std::string name, where;
};

struct Task {
  std::string name, where;
  std::vector<Phase> phases;
  std::optional<int64_t> rounds;  // of all phases; none: for ever
  int64_t instances = 1;          // at the start; others are forked
  Nanos delay{0};
  std::optional<CpuSet> cpus;
  Scheduling scheduling;
  std::optional<std::string> taskgroup;
};

struct File {
  std::string name;
  std::vector<Task> tasks;
  Nanos duration{0};         // 0: until all threads have ended
  Nanos piece{0};            // `calibration` as a number: work is done in whole loops of so long; 0: not given
  int64_t buffer = 4 << 20;  // bytes that iorun writes at a time
  std::vector<std::string> notes;
};

// Throws Error with file and line.
File parse(const std::string& text, const std::string& name);

// `seed` has no part in it. Throws Error with file and line for what cannot be a workload.
Workload make_workload(const File& file);

}  // namespace simsched::rtapp

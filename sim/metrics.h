// What the engine counts while it runs.
#pragma once

#include <array>
#include <cstdint>

#include "base/histogram.h"
#include "topology/machine.h"

namespace simsched {

// Why a task changed CPU; sim/metric_table.cc says what each is called.
enum class MigrationKind : uint8_t {
  kWakeup,
  kFork,
  kExec,
  kNewIdle,
  kPeriodic,
  kNohzIdle,
  kActive,
  kAffinity,
  kPolicy
};
constexpr size_t kNrMigrationKinds = static_cast<size_t>(MigrationKind::kPolicy) + 1;
constexpr size_t kNrDistances = static_cast<size_t>(Distance::kRemote) + 1;

struct Metrics {
  uint64_t switches = 0, involuntary = 0;
  uint64_t wakeups = 0, forks = 0, exits = 0;
  uint64_t illegal = 0;  // tasks that a core ended (SIGILL)
  uint64_t frequency_changes = 0;
  uint64_t core_switches = 0;  // of CPUs of two cores, from one to the other
  uint64_t frames = 0, deadline_misses = 0;
  uint64_t let_go = 0;  // waits of a replay that nothing would have met any more
  std::array<uint64_t, kNrMigrationKinds> migrations_by_kind{};
  std::array<uint64_t, kNrDistances> migrations_by_distance{};
  Histogram wake_latency;   // waking to switch-in
  Histogram runnable_wait;  // every stretch of runnable and not running
  Histogram frame_time;     // from one frame of a task to its next
};

}  // namespace simsched

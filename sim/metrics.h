// What the engine counts while it runs.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/histogram.h"
#include "base/units.h"

namespace simsched {

// Why a task changed CPU.
enum class MigrationKind : uint8_t { kWakeup, kFork, kExec, kNewIdle, kPeriodic, kNohzIdle, kActive, kAffinity, kPolicy };
constexpr int kNrMigrationKinds = 9;
const char* migration_kind_name(MigrationKind kind);

struct Metrics {
  uint64_t switches = 0, voluntary = 0, involuntary = 0;
  uint64_t wakeups = 0, forks = 0, exits = 0, ticks = 0;
  std::array<uint64_t, kNrMigrationKinds> migrations_by_kind{};
  std::array<uint64_t, 5> migrations_by_distance{};  // by Distance
  Histogram wake_latency;   // waking to switch-in
  Histogram runnable_wait;  // every stretch of runnable and not running
};

}  // namespace simsched

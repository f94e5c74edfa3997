// How tasks changed CPU, told from what surrounds each event: recorded and simulated alike.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "traces/sched_trace.h"

namespace simsched {

enum class MoveKind : uint8_t {
  kWakeByTask,  // right after its waking, on the same CPU: the waker placed it elsewhere
  kWakeByIrq,   // ... by an interrupt of a running task
  kWakeByIdle,  // ... by an interrupt of an idle CPU
  kStopper,     // migration/N moved it: exec and active balancing
  kBalance,     // any other: pulled
};
inline constexpr std::array<const char*, 5> kMoveNames = {"wakeup_task", "wakeup_irq", "wakeup_idle", "stopper",
                                                          "balance"};

struct TraceMoves {
  std::array<uint64_t, kMoveNames.size()> by_kind{};  // of sched_migrate_task
  uint64_t placed = 0;                                // new tasks (sched_wakeup_new)
  uint64_t placed_away = 0;                           // of them, on another CPU than their parent's
};

// Without what the idle task raises on CPUs of `no_switch_from_idle` (see trace_stats()).
TraceMoves trace_moves(const SchedTrace& trace, const std::vector<bool>& no_switch_from_idle);

}  // namespace simsched

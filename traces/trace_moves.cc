#include "traces/trace_moves.h"

#include <string_view>

namespace simsched {
namespace {

// From sched_waking to sched_migrate_task the kernel only chooses a CPU (try_to_wake_up(), kernel/sched/core.c, 6.18):
// 1 to 5 us, and an interrupt may come in between.
constexpr Nanos kPlacing{15'000};

struct Waking {
  Nanos time{-1};  // none since it ran
  CpuId cpu;
  MoveKind kind = MoveKind::kBalance;
};

MoveKind kind_of(const TraceEvent& waking) {
  if (waking.current.value() == 0) return MoveKind::kWakeByIdle;
  return waking.context != 0 ? MoveKind::kWakeByIrq : MoveKind::kWakeByTask;
}

template <class T>
T& at(std::vector<T>& list, Pid pid) {
  if (list.size() <= pid.index()) list.resize(pid.index() + 1);
  return list[pid.index()];
}

}  // namespace

TraceMoves trace_moves(const SchedTrace& trace, const std::vector<bool>& no_switch_from_idle) {
  TraceMoves moves;
  std::vector<bool> stopper_name;
  for (const std::string& name : trace.names) stopper_name.push_back(std::string_view(name).starts_with("migration/"));
  std::vector<Waking> wakings;    // by pid
  std::vector<uint8_t> stoppers;  // by pid
  for (const TraceEvent& event : trace.events) {
    if (!event.pid.valid() || !event.cpu.valid() || !event.current.valid()) continue;
    if (event.pid.value() != 0 && stopper_name[event.name]) at(stoppers, event.pid) = 1;
    const size_t cpu = event.cpu.index();
    const bool invisible = event.current.value() == 0 && cpu < no_switch_from_idle.size() && no_switch_from_idle[cpu];
    if (event.kind == TraceKind::kSwitch) {
      at(wakings, event.pid) = {};
    } else if (invisible) {
      continue;
    } else if (event.kind == TraceKind::kWaking) {
      at(wakings, event.pid) = {event.time, event.cpu, kind_of(event)};
    } else if (event.kind == TraceKind::kWakeupNew) {
      ++moves.placed;
      moves.placed_away += event.other_cpu != event.cpu;
    } else if (event.kind == TraceKind::kMigrate) {
      Waking& waking = at(wakings, event.pid);
      const bool placed = waking.time >= Nanos(0) && waking.cpu == event.cpu && event.time - waking.time <= kPlacing;
      const MoveKind kind = placed                        ? waking.kind
                            : at(stoppers, event.current) ? MoveKind::kStopper
                                                          : MoveKind::kBalance;
      ++moves.by_kind[static_cast<size_t>(kind)];
      waking = {};
    }
  }
  return moves;
}

}  // namespace simsched

// Agenda: all that is going to happen, in one total order: (time, kind, sequence). Two runs of the same simulation see
// the same order, whatever the machine.
//
// Most events are a CPU's: the end of its op, its next schedule(), its tick. There is at most one of each kind a CPU,
// and they are planned anew all the time; a tournament over CPUs keeps them, in which a change costs the depth of a
// binary tree over CPUs and leaves nothing behind. All others (tasks' timers, interrupts, ...) wait in an EventQueue.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/ids.h"
#include "sim/event_queue.h"

namespace simsched {

class Agenda {
 public:
  explicit Agenda(size_t nr_cpus = 0)
      : leaves_(std::bit_ceil(nr_cpus + 1)), slots_(nr_cpus), winners_(2 * leaves_, kNever) {}

  // An event that is nobody's own. `time` is not in the past.
  void push(Nanos time, EventKind kind, uint32_t index, uint32_t generation = 0) {
    others_.push({time, order_of(kind), index, generation});
  }

  // The CPU's event of this kind is at `time`, whenever it was before. `time` is not in the past.
  void plan(CpuId cpu, EventKind kind, Nanos time) { set(cpu, kind, time, order_of(kind)); }
  void cancel(CpuId cpu, EventKind kind) {
    if (planned(cpu, kind)) set(cpu, kind, Nanos::max(), ~uint64_t{0});
  }
  bool planned(CpuId cpu, EventKind kind) const { return at(cpu, kind) != Nanos::max(); }
  Nanos at(CpuId cpu, EventKind kind) const { return slots_[cpu.index()].of[slot_of(kind)].time; }  // max(): none

  bool empty() const { return others_.empty() && !cpu_event_planned(); }
  bool cpu_event_planned() const { return winners_[1].time != Nanos::max(); }
  size_t nr_others() const { return others_.size(); }
  // Of the event that pop() would answer; there is one.
  Nanos next_time() const {
    return others_.empty() ? winners_[1].time : std::min(winners_[1].time, others_.next_time());
  }

  Event pop() {
    const Event& mine = winners_[1];
    if (!others_.empty()) {
      Nanos theirs = others_.next_time();
      if (theirs < mine.time || (theirs == mine.time && others_.next().order < mine.order)) return others_.pop();
    }
    Event event = mine;
    set(CpuId(static_cast<int32_t>(event.index)), event.kind(), Nanos::max(), ~uint64_t{0});
    return event;
  }

 private:
  static constexpr Event kNever{Nanos::max(), ~uint64_t{0}, 0, 0};
  static constexpr size_t kNrSlots = 3;
  struct Slot {
    Nanos time = Nanos::max();
    uint64_t order = ~uint64_t{0};
  };
  struct Slots {
    Slot of[kNrSlots];
  };
  static size_t slot_of(EventKind kind) {
    static_assert(static_cast<int>(EventKind::kTick) - static_cast<int>(EventKind::kDone) + 1 == kNrSlots);
    return static_cast<size_t>(kind) - static_cast<size_t>(EventKind::kDone);
  }
  static bool before(Nanos a, uint64_t a_order, Nanos b, uint64_t b_order) {
    return a != b ? a < b : a_order < b_order;
  }
  uint64_t order_of(EventKind kind) { return uint64_t{static_cast<uint8_t>(kind)} << 56 | sequence_++; }

  void set(CpuId cpu, EventKind kind, Nanos time, uint64_t order) {
    Slots& slots = slots_[cpu.index()];
    slots.of[slot_of(kind)] = {time, order};
    const Slot* first = &slots.of[0];
    for (const Slot& slot : slots.of)
      if (before(slot.time, slot.order, first->time, first->order)) first = &slot;
    size_t node = leaves_ + cpu.index();
    if (winners_[node].time == first->time && winners_[node].order == first->order) return;
    winners_[node] = {first->time, first->order, static_cast<uint32_t>(cpu.value()), 0};
    while (node > 1) {
      const Event &a = winners_[node & ~size_t{1}], &b = winners_[node | 1];
      node /= 2;
      const Event& winner = before(b.time, b.order, a.time, a.order) ? b : a;
      if (winners_[node].order == winner.order && winners_[node].time == winner.time) return;
      winners_[node] = winner;
    }
  }

  size_t leaves_;               // a power of two
  std::vector<Slots> slots_;    // by CPU
  std::vector<Event> winners_;  // a tree in an array: the root is 1, the children of n are 2n and 2n + 1
  EventQueue others_;
  uint64_t sequence_ = 0;
};

}  // namespace simsched

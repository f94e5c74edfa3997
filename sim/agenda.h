// Agenda: all that is going to happen, in one total order: (time, kind, sequence). Two runs of the same simulation see
// the same order, whatever the machine.
//
// Most events are a CPU's: the end of its op, its next schedule(), its tick. There is at most one of each kind a CPU,
// and they are planned anew all the time; a tournament over CPUs keeps them, in which a change costs the depth of a
// binary tree over CPUs and leaves nothing behind. All others (tasks' timers, interrupts, ...) wait in an EventQueue.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/ids.h"
#include "base/int128.h"
#include "sim/event_queue.h"

namespace simsched {

class Agenda {
 public:
  explicit Agenda(size_t nr_cpus = 0)
      : leaves_(std::bit_ceil(std::max<size_t>(nr_cpus, 2))),
        plans_(nr_cpus),
        first_(leaves_, kNever),
        winners_(2 * leaves_) {
    for (size_t cpu = 0; cpu < leaves_; ++cpu) winners_[leaves_ + cpu] = static_cast<uint32_t>(cpu);
    for (size_t node = leaves_; node-- > 1;) play(node);
  }

  // An event that is nobody's own. `time` is not in the past.
  void push(Nanos time, EventKind kind, uint32_t index, uint32_t sched_class = 0) {
    others_.push({time, order_of(kind), index, sched_class});
  }

  // The CPU's event of this kind is at `time`, whenever it was before. `time` is not in the past.
  void plan(CpuId cpu, EventKind kind, Nanos time) { set(cpu, kind, key_of(time, order_of(kind))); }
  void cancel(CpuId cpu, EventKind kind) {
    if (planned(cpu, kind)) set(cpu, kind, kNever);
  }
  bool planned(CpuId cpu, EventKind kind) const { return at(cpu, kind) != Nanos::max(); }
  Nanos at(CpuId cpu, EventKind kind) const { return time_of(plans_[cpu.index()].of[plan_of(kind)]); }  // max(): none

  bool empty() { return others_.empty() && !cpu_event_planned(); }
  bool cpu_event_planned() { return first_cpu_event() != kNever; }
  size_t nr_others() const { return others_.size(); }
  // Of the event that pop() would answer; there is one.
  Nanos next_time() { return std::min(time_of(first_cpu_event()), others_.next_time()); }

  Event pop() {
    const Uint128 mine = first_cpu_event();
    Nanos theirs = others_.next_time();
    if (theirs < time_of(mine) || (theirs == time_of(mine) && others_.next().order < static_cast<uint64_t>(mine)))
      return others_.pop();
    Event event{time_of(mine), static_cast<uint64_t>(mine), winners_[1], 0};
    set(CpuId(static_cast<int32_t>(event.index)), event.kind(), kNever);
    return event;
  }

 private:
  // Time and order as one number. kNever is after all others.
  static constexpr Uint128 key_of(Nanos time, uint64_t order) {
    return Uint128{static_cast<uint64_t>(time.count())} << 64 | order;
  }
  static constexpr Nanos time_of(Uint128 key) { return Nanos(static_cast<int64_t>(key >> 64)); }
  static constexpr Uint128 kNever = Uint128{INT64_MAX} << 64 | ~uint64_t{0};

  static constexpr size_t kNrPlans = 3;
  struct Plans {
    Uint128 of[kNrPlans] = {kNever, kNever, kNever};
  };
  static size_t plan_of(EventKind kind) {
    static_assert(static_cast<int>(EventKind::kTick) - static_cast<int>(EventKind::kDone) + 1 == kNrPlans);
    return static_cast<size_t>(kind) - static_cast<size_t>(EventKind::kDone);
  }
  uint64_t order_of(EventKind kind) { return uint64_t{static_cast<uint8_t>(kind)} << 56 | sequence_++; }

  // What one event changes is mostly of one CPU: the tournament is played again when another one's turn comes.
  void set(CpuId cpu, EventKind kind, Uint128 key) {
    auto index = static_cast<uint32_t>(cpu.value());
    if (index != changed_) replay();
    changed_ = index;
    plans_[index].of[plan_of(kind)] = key;
  }
  Uint128 first_cpu_event() {
    replay();
    return first_[winners_[1]];
  }
  void replay() {
    if (changed_ == kNobody) return;
    const Plans& plans = plans_[changed_];
    first_[changed_] = std::min({plans.of[0], plans.of[1], plans.of[2]});
    for (size_t node = (leaves_ + changed_) / 2; node > 0; node /= 2) play(node);
    changed_ = kNobody;
  }
  void play(size_t node) {
    const uint32_t a = winners_[2 * node], b = winners_[2 * node + 1];
    // Who wins is hard to predict: no branch.
    winners_[node] = a ^ ((a ^ b) & -static_cast<uint32_t>(first_[b] < first_[a]));
  }

  static constexpr uint32_t kNobody = ~uint32_t{0};
  size_t leaves_;                  // a power of two
  std::vector<Plans> plans_;       // by CPU
  std::vector<Uint128> first_;     // by CPU: the first of its plans, when the tournament was played
  std::vector<uint32_t> winners_;  // by node: the CPU that comes first; the root is 1, the children of n are 2n, 2n + 1
  uint32_t changed_ = kNobody;     // whose plans have changed since
  EventQueue others_;
  uint64_t sequence_ = 0;
};

}  // namespace simsched

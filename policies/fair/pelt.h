// Per-entity load tracking (kernel/sched/pelt.c): how much an entity or a run queue has been runnable
// (load_avg, runnable_avg) and running (util_avg) of late. Time is cut into periods of 1024 us; a period n
// periods ago counts y^n, with y^32 = 1/2. All sums are integers with the kernel's rounding.
#pragma once

#include <array>
#include <cstdint>

#include "base/int128.h"
#include "policies/fair/entity.h"

namespace simsched::fair::pelt {

constexpr uint32_t kLoadAvgMax = 47742;  // 1024 * sum of y^n for n >= 0, in these integers
constexpr uint32_t kMinDivider = kLoadAvgMax - 1024;
constexpr uint32_t kHalfLife = 32;       // periods

extern const std::array<uint32_t, kHalfLife> kPowers;  // floor((2^32 - 1) * y^n)

// value * y^periods.
inline uint64_t decay(uint64_t value, uint64_t periods) {
  if (periods > kHalfLife * 63) return 0;
  value >>= periods / kHalfLife;
  return static_cast<uint64_t>(Uint128{value} * kPowers[periods % kHalfLife] >> 32);
}

// How far the present period has come, in us: periods began with the clock.
inline uint32_t phase(int64_t last_update_time) { return static_cast<uint32_t>(last_update_time >> 10) % 1024; }

// What a sum would be had it been full all the time, given how far its present period has come.
inline uint32_t divider(const LoadAvg& avg) { return kMinDivider + phase(avg.last_update_time); }

// What held from one update to the next.
struct Held {
  uint64_t load = 0;      // else none of the others counts
  uint64_t runnable = 0;
  bool running = false;
  uint64_t weight = 1;    // of the average, of what load_sum is without
};

// The time from one update to the next. Those that were last updated at the same time have it in common.
class Stretch {
 public:
  Stretch(int64_t from, int64_t now) : us_(static_cast<uint64_t>((now - from) >> 10)), contrib_(us_) {  // nearly
    uint64_t begun = phase(from), rest = begun + us_;
    periods_ = rest / 1024;
    if (periods_ == 0) return;
    rest %= 1024;
    divisor_ = kMinDivider + rest;
    reciprocal_ = UINT64_MAX / divisor_ + 1;
    // The end of the period that was begun, the full periods after it, the beginning of the present one.
    contrib_ = decay(1024 - begun, periods_) + (kLoadAvgMax - decay(kLoadAvgMax, periods_) - 1024) + rest;
  }

  // Brings sums and averages to its end. True when the averages changed: only at the end of a period.
  bool pass(LoadAvg& avg, const Held& held) const {
    avg.last_update_time += static_cast<int64_t>(us_ << 10);
    if (periods_ > 0) {
      avg.load_sum = decay(avg.load_sum, periods_);
      avg.runnable_sum = decay(avg.runnable_sum, periods_);
      avg.util_sum = decay(avg.util_sum, periods_);
    }
    if (held.load != 0) {
      avg.load_sum += held.load * contrib_;
      avg.runnable_sum += (held.runnable * contrib_) << 10;
      if (held.running) avg.util_sum += contrib_ << 10;
    }
    if (periods_ == 0) return false;
    avg.load_avg = quotient(held.weight * avg.load_sum);
    avg.runnable_avg = static_cast<uint32_t>(quotient(avg.runnable_sum));
    avg.util_avg = static_cast<uint32_t>(quotient(avg.util_sum));
    return true;
  }

 private:
  // By the divider, which is below 2^16: by its reciprocal, of 2^64 and rounded up, exact for what is below 2^48.
  uint64_t quotient(uint64_t sum) const {
    if (sum >> 48) [[unlikely]] return sum / divisor_;
    return static_cast<uint64_t>(Uint128{sum} * reciprocal_ >> 64);
  }

  uint64_t us_, periods_, contrib_;        // how many end in it; what it adds to a full sum
  uint64_t divisor_ = 0, reciprocal_ = 0;
};

inline bool update(LoadAvg& avg, int64_t now, const Held& held) {
  if (now - avg.last_update_time < 1024) {
    avg.last_update_time = std::min(avg.last_update_time, now);
    return false;
  }
  return Stretch(avg.last_update_time, now).pass(avg, held);
}

// As they stand now.
inline uint64_t weight_of(const Entity& e) { return static_cast<uint64_t>(scale_down(e.weight)); }
inline Held held_by(const CfsRq& rq, const Entity& e) {
  uint64_t runnable = e.delayed ? 0 : e.is_task() ? e.on_rq : e.runnable_weight;
  return {e.on_rq, runnable, rq.curr == &e, weight_of(e)};
}
inline Held held_by(const CfsRq& rq) {
  return {static_cast<uint64_t>(scale_down(rq.load)), rq.h_nr_runnable, rq.curr != nullptr, 1};
}

// A task is gone, and nobody holds its queue to update it: what it was stays in the average until the queue's next
// update (remove_entity_load_avg()). True when something was left to take away.
void remove_later(CfsRq& rq, const Entity& e);
void take_removed_away(CfsRq& rq);
inline bool take_removed(CfsRq& rq) {
  if (!rq.removed) return false;
  take_removed_away(rq);
  return true;
}

inline bool update_queue(CfsRq& rq, int64_t now) {
  bool removed = take_removed(rq);
  return update(rq.avg, now, held_by(rq)) || removed;
}

// The queue and one of its entities. True when the averages of the queue changed.
inline bool update_both(CfsRq& rq, Entity& e, int64_t now) {
  int64_t from = rq.avg.last_update_time;
  if (e.avg.last_update_time != from) {
    update(e.avg, now, held_by(rq, e));
    return update_queue(rq, now);
  }
  bool removed = take_removed(rq);
  if (now - from < 1024) return removed;
  Stretch stretch(from, now);
  stretch.pass(e.avg, held_by(rq, e));
  return stretch.pass(rq.avg, held_by(rq)) || removed;
}

// Adds the load of `e` to its run queue, whose clock it takes over; removes it again.
void attach(CfsRq& rq, Entity& e);
void detach(CfsRq& rq, Entity& e);

// Only the part that depends on weight.
void add_load(CfsRq& rq, const Entity& e);
void remove_load(CfsRq& rq, const Entity& e);

// The group entity takes over what changed on the run queue it stands for. False: nothing changed.
bool propagate_group(Entity& e);
inline bool propagate(Entity& e) { return !e.is_task() && e.my_q->propagate && propagate_group(e); }

// A run queue without any load left.
bool decayed(const CfsRq& rq);

}  // namespace simsched::fair::pelt

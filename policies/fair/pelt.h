// Per-entity load tracking (kernel/sched/pelt.c): how much an entity or a run queue has been runnable
// (load_avg, runnable_avg) and running (util_avg) of late. Time is cut into periods of 1024 us; a period n
// periods ago counts y^n, with y^32 = 1/2. All sums are integers with the kernel's rounding.
#pragma once

#include <cstdint>

#include "policies/fair/entity.h"

namespace simsched::fair::pelt {

constexpr uint32_t kLoadAvgMax = 47742;  // 1024 * sum of y^n for n >= 0, in these integers
constexpr uint32_t kMinDivider = kLoadAvgMax - 1024;
constexpr int kHalfLife = 32;  // periods

// value * y^periods.
uint64_t decay(uint64_t value, uint64_t periods);

// What a sum would be had it been full all the time, given how far its present period has come.
inline uint32_t divider(const LoadAvg& avg) { return kMinDivider + avg.period_contrib; }

// Brings the sums up to `now`, during which time `load`, `runnable` and `running` held. True when a period
// ended, so that the averages have to be computed anew.
bool update_sums(LoadAvg& avg, int64_t now, uint64_t load, uint64_t runnable, bool running);
void update_averages(LoadAvg& avg, uint64_t weight);

bool update_entity(Entity& e, int64_t now);  // as it stands now: on_rq, running
bool update_blocked_entity(Entity& e, int64_t now);
bool update_queue(CfsRq& rq, int64_t now);

// Adds the load of `e` to its run queue, whose clock it takes over; removes it again.
void attach(CfsRq& rq, Entity& e);
void detach(CfsRq& rq, Entity& e);

// Only the part that depends on weight.
void add_load(CfsRq& rq, const Entity& e);
void remove_load(CfsRq& rq, const Entity& e);

// The group entity takes over what changed on the run queue it stands for. False: nothing changed.
bool propagate(Entity& e);

// A run queue without any load left.
bool decayed(const CfsRq& rq);

}  // namespace simsched::fair::pelt

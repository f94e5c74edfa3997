// The names of the fields of Costs, for every reader and writer of machine files.
#pragma once

#include "topology/machine.h"

namespace simsched {

struct CostField {
  const char* key;  // as in a machine file: the field's name and its unit
  Nanos Costs::*field;
};
struct SpreadField {
  const char* key;
  Spread Costs::*field;
};

inline constexpr int64_t kLongestCost = 1000000000;  // a second: beyond it, a unit was mistaken

inline constexpr CostField kCostFields[] = {
    {"context_switch_ns", &Costs::context_switch},     {"stopper_ns", &Costs::stopper},
    {"idle_poll_window_ns", &Costs::idle_poll_window}, {"idle_poll_max_ns", &Costs::idle_poll_max},
    {"refill_private_ns", &Costs::refill_private},
    {"private_fill_ns", &Costs::private_fill},         {"refill_core_ns", &Costs::refill_core},
    {"refill_llc_ns", &Costs::refill_llc},             {"refill_node_ns", &Costs::refill_node},
    {"refill_remote_ns", &Costs::refill_remote},
    {"page_move_ns", &Costs::page_move},
};
inline constexpr SpreadField kSpreadFields[] = {
    {"resched_task_ns", &Costs::resched_task},       {"resched_hardirq_ns", &Costs::resched_hardirq},
    {"resched_softirq_ns", &Costs::resched_softirq},
    {"resched_ipi_ns", &Costs::resched_ipi},         {"idle_wake_local_ns", &Costs::idle_wake_local},
    {"idle_poll_exit_ns", &Costs::idle_poll_exit},   {"idle_halt_exit_ns", &Costs::idle_halt_exit},
};
static_assert(std::size(kCostFields) * sizeof(Nanos) + std::size(kSpreadFields) * sizeof(Spread) == sizeof(Costs),
              "a field of Costs has no key");

}  // namespace simsched

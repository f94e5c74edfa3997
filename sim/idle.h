// How a CPU idles, and what it takes to wake it.
//
// An idle guest's CPU: its host polls for a wake-up before it takes the CPU away, and how long is adaptive, as KVM does
// it (kvm_vcpu_halt() and {grow,shrink}_halt_poll_ns() in virt/kvm/kvm_main.c, 6.18, with its defaults): idle periods
// that polling a little longer would have caught make it poll longer, long ones make it stop.
#pragma once

#include <algorithm>

#include "base/spread.h"
#include "base/units.h"
#include "topology/machine.h"

namespace simsched {

class CpuIdle {
 public:
  void enter(Nanos now) { since_ = now; }

  // The idle period is over.
  void leave(Nanos now, const Costs& costs) {
    const Nanos period = now - since_, longest = costs.idle_poll_max;
    since_ = Nanos::max();
    if (period <= poll_) return;
    poll_ = period > longest ? Nanos(0) : std::min(std::max(poll_ * 2, kPollStart), longest);
  }

  // How long it takes from another CPU's interrupt until it runs, while it is idle.
  const Spread& exit_cost(Nanos now, const Costs& costs) const {
    return now - since_ <= std::max(costs.idle_poll_window, poll_) ? costs.idle_poll_exit : costs.idle_halt_exit;
  }

 private:
  static constexpr Nanos kPollStart{10000};  // halt_poll_ns_grow_start; it grows by doubling

  Nanos since_;  // max(): it is not idle
  Nanos poll_;  // how long the host polls; 0 for a machine without one
};

}  // namespace simsched

// How long the host of a guest polls for a wake-up before it takes the CPU away: adaptive, as KVM does
// (kvm_vcpu_halt() and {grow,shrink}_halt_poll_ns() in virt/kvm/kvm_main.c, 6.18, with its defaults). Idle
// periods that polling a little longer would have caught make it poll longer; long ones make it stop.
#pragma once

#include <algorithm>

#include "base/units.h"

namespace simsched {

struct IdlePoll {
  static constexpr Nanos kStart{10000};  // halt_poll_ns_grow_start; it grows by doubling

  Nanos window;

  // An idle period is over. `longest`: halt_poll_ns, 0 for a machine without such a host.
  void ended(Nanos period, Nanos longest) {
    if (period <= window) return;
    if (period > longest) {
      window = Nanos(0);
    } else {
      window = std::min(std::max(window * 2, kStart), longest);
    }
  }
};

}  // namespace simsched

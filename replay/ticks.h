// When the recorded kernel ticked. Private to replay/.
//
// A tick accounts for the run time of what it interrupts: sched_stat_runtime, raised in a hard interrupt, and by
// nothing else there. All CPUs tick at once. The clock of a recording is not the one that ticks are counted by, so
// their phase drifts, and is looked for in every second anew.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "traces/sched_trace.h"

namespace simsched::replay {

class Ticks {
 public:
  // Knows none when the events come at no common phase of the period of `hz`.
  Ticks(const SchedTrace& trace, int hz);

  bool known() const { return !phases_.empty(); }
  Nanos period() const { return period_; }
  // How many there were up to `time`, from some beginning.
  int64_t count(Nanos time) const { return (time - phase(time) + kEarly) / period_; }
  // Whether what happened then, in a soft interrupt, was the doing of a tick.
  bool at(Nanos time) const { return known() && (time - phase(time) + kEarly) % period_ < kEarly + kLasts; }

 private:
  static constexpr Nanos kEarly{20'000};   // by so much CPUs differ
  static constexpr Nanos kLasts{100'000};  // a tick and the soft interrupts that it raises, in a guest

  Nanos phase(Nanos time) const {
    size_t window = static_cast<size_t>(time / window_);
    return phases_[std::min(window, phases_.size() - 1)];
  }

  Nanos period_, window_;
  std::vector<Nanos> phases_;  // by window: the time of some tick of that phase, not after the first one recorded
};

}  // namespace simsched::replay

#include "replay/recorded_hz.h"

#include "replay/ticks.h"

namespace simsched {

// What comes at one phase of a long period does so of its fractions, too: 250 times a second, it is at one of 1000 Hz.
std::optional<int> recorded_hz(const SchedTrace& trace) {
  for (int hz : {100, 250, 300, 1000})
    if (replay::Ticks(trace, hz).known()) return hz;
  return {};
}

}  // namespace simsched

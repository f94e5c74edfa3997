#include "fit/slots.h"

#include <algorithm>
#include <map>

namespace simsched::fit {

Slots::Slots(const std::vector<std::pair<Nanos, Nanos>>& commands) {
  std::map<Nanos, int64_t> changes;
  for (auto [from, to] : commands) {
    ++changes[from];
    --changes[to];
  }
  int64_t running = 0;
  for (auto [time, change] : changes) steps_.push_back({time, Nanos(0), running += change});
  std::map<int64_t, Nanos> time_at;
  for (size_t i = 1; i < steps_.size(); ++i) time_at[steps_[i - 1].running] += steps_[i].time - steps_[i - 1].time;
  Nanos busy{0}, above{0};
  for (auto [level, time] : time_at)
    if (level > 0) busy += time;
  for (auto level = time_at.rbegin(); level != time_at.rend() && level->first > 1; ++level) {
    above += level->second;
    if (above * 50 < busy) continue;
    jobs_ = level->first;
    break;
  }
  for (size_t i = 1; i < steps_.size(); ++i)
    steps_[i].free =
        steps_[i - 1].free + (steps_[i - 1].running < jobs_ ? steps_[i].time - steps_[i - 1].time : Nanos(0));
}

Nanos Slots::free_until(Nanos time) const {
  auto next =
      std::upper_bound(steps_.begin(), steps_.end(), time, [](Nanos t, const Step& step) { return t < step.time; });
  if (next == steps_.begin()) return Nanos(0);
  const Step& step = *std::prev(next);
  return step.free + (step.running < jobs_ ? time - step.time : Nanos(0));
}

int64_t Slots::free_share(Nanos from, Nanos to) const {
  return to <= from ? 0 : (free_until(to) - free_until(from)) * 1024 / (to - from);
}

}  // namespace simsched::fit

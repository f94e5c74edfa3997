// How many commands of a build ran at a time. Private to fit/.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "base/units.h"

namespace simsched::fit {

class Slots {
 public:
  // `commands`: when each began and ended.
  explicit Slots(const std::vector<std::pair<Nanos, Nanos>>& commands);

  // make -j: so many ran for a fiftieth of the time.
  int64_t jobs() const { return jobs_; }
  // The share of the time from `from` to `to`, of 1024, with fewer.
  int64_t free_share(Nanos from, Nanos to) const;

 private:
  Nanos free_until(Nanos time) const;

  struct Step {
    Nanos time, free;  // free: how long fewer than jobs_ ran before it
    int64_t running;   // from then on
  };
  std::vector<Step> steps_;
  int64_t jobs_ = 1;
};

}  // namespace simsched::fit

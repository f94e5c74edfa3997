// Events that cannot be read: each costs itself, not the file, unless they are most of it.
#pragma once

#include <cstddef>
#include <optional>

#include "base/error.h"
#include "traces/sched_trace.h"

namespace simsched {

class OddEvents {
 public:
  void add(const Error& error) {
    if (count_++ == 0) first_ = error;
  }
  size_t count() const { return count_; }

  // Counts them in the trace's holes and describes the first in its notes. Throws that one when there are more of them
  // than `readable` events.
  void report(SchedTrace& trace, size_t readable) const {
    if (count_ == 0) return;
    if (count_ > readable) throw *first_;
    trace.holes.unreadable += count_;
    trace.notes.push_back("left out " + std::to_string(count_) + (count_ == 1 ? " event" : " events") +
                          " that cannot be read: " + first_->where() + ": " + first_->problem());
  }

 private:
  size_t count_ = 0;
  std::optional<Error> first_;
};

}  // namespace simsched

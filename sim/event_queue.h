// Events by (time, order): a radix heap (Ahuja, Mehlhorn, Orlin, Tarjan 1990). Simulated time never goes back, so an
// event need only be filed by the highest bit in which its time differs from that of the last one popped, and is
// refiled at most once a bit. Its cost hardly grows with the number of events, where that of a binary heap does with
// its cache misses (docs/performance.md).
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/error.h"
#include "base/units.h"

namespace simsched {

// At the same instant events are handled in this order.
enum class EventKind : uint8_t {
  kTimer,       // index: task. Its sleep is over
  kStart,       // index: task. It starts by itself
  kIpi,         // index: CPU; generation: class index
  kClassTimer,  // index: the class's own number for it; generation: class index
  kHotplug,     // index: number of the change
  kDone,        // index: CPU. The running task finished its compute op
  kResched,     // index: CPU
  kTick,        // index: CPU
  kEnd,         // the duration is over
};

struct Event {
  Nanos time;
  uint64_t order;  // kind << 56 | sequence: unique
  uint32_t index;
  uint32_t generation;  // of a timer: it is dropped unless this is still its task's

  EventKind kind() const { return static_cast<EventKind>(order >> 56); }
};
static_assert(sizeof(Event) == 24);

class EventQueue {
 public:
  // The time is not before that of the last event popped.
  void push(const Event& event) {
    SIMSCHED_CHECK(event.time >= last_, "an event lies in the past");
    ++size_;
    if (event.time == last_) {
      present_.insert(std::upper_bound(present_.begin(), present_.end(), event, after), event);
      earliest_ = last_;
    } else {
      file(event);
      earliest_ = std::min(earliest_, event.time);
    }
  }
  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }

  // Of the event that pop() would answer; max() when there is none.
  Nanos next_time() const { return earliest_; }
  // That event. Time is known to go on to it: nothing will be pushed before it.
  const Event& next() {
    if (present_.empty()) advance();
    return present_.back();
  }

  Event pop() {
    Event event = next();
    present_.pop_back();
    --size_;
    if (present_.empty()) earliest_ = filled_ == 0 ? Nanos::max() : earliest_of(lowest())->time;
    return event;
  }

 private:
  static bool after(const Event& a, const Event& b) { return a.order > b.order; }
  static std::vector<Event>::const_iterator earliest_of(const std::vector<Event>& bucket) {
    return std::min_element(bucket.begin(), bucket.end(),
                            [](const Event& a, const Event& b) { return a.time < b.time; });
  }
  std::vector<Event>& lowest() { return buckets_[static_cast<size_t>(std::countr_zero(filled_))]; }

  // buckets_[b]: events whose time differs from last_ in bit b, and in none above.
  void file(const Event& event) {
    auto differs = static_cast<uint64_t>(event.time.count()) ^ static_cast<uint64_t>(last_.count());
    auto bucket = static_cast<size_t>(std::bit_width(differs) - 1);
    buckets_[bucket].push_back(event);
    filled_ |= uint64_t{1} << bucket;
  }

  // Goes to the earliest event: those of its time become the present, the others of its bucket move down.
  void advance() {
    std::vector<Event>& bucket = lowest();
    filled_ &= filled_ - 1;
    last_ = earliest_;
    for (const Event& event : bucket) {
      if (event.time == last_)
        present_.push_back(event);
      else
        file(event);
    }
    bucket.clear();
    if (present_.size() > 1) std::sort(present_.begin(), present_.end(), after);
  }

  std::array<std::vector<Event>, 64> buckets_;
  std::vector<Event> present_;  // at time last_, the next one at the back
  uint64_t filled_ = 0;         // a bit a bucket
  size_t size_ = 0;
  Nanos last_;
  Nanos earliest_ = Nanos::max();
};

}  // namespace simsched

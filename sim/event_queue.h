// The pending events, in one total order: (time, class, sequence). Two runs of the same simulation
// see the same order, whatever the machine.
//
// A radix heap (Ahuja, Mehlhorn, Orlin, Tarjan 1990): simulated time never goes back, so an event need
// only be filed by the highest bit in which its time differs from now, and is refiled at most once a bit.
// Its cost hardly grows with the number of events, where that of a binary heap does with its cache misses
// (docs/performance.md).
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
  uint64_t order;  // kind << 56 | sequence
  uint32_t index;
  uint32_t generation;  // an event whose generation is no longer its owner's is dropped when popped

  EventKind kind() const { return static_cast<EventKind>(order >> 56); }
};
static_assert(sizeof(Event) == 24);

class EventQueue {
 public:
  // `time` is not before that of the last event popped.
  void push(Nanos time, EventKind kind, uint32_t index, uint32_t generation = 0) {
    SIMSCHED_CHECK(time >= last_, "an event lies in the past");
    Event event{time, uint64_t{static_cast<uint8_t>(kind)} << 56 | sequence_++, index, generation};
    ++size_;
    if (time == last_) {
      present_.insert(std::upper_bound(present_.begin(), present_.end(), event, after), event);
    } else {
      file(event);
    }
  }
  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }

  // Of the event that pop() would answer; there is one.
  Nanos next_time() const {
    if (!present_.empty()) return last_;
    const std::vector<Event>& bucket = buckets_[static_cast<size_t>(std::countr_zero(filled_))];
    return earliest(bucket)->time;
  }

  Event pop() {
    if (present_.empty()) advance();
    Event event = present_.back();
    present_.pop_back();
    --size_;
    return event;
  }

 private:
  static std::vector<Event>::const_iterator earliest(const std::vector<Event>& bucket) {
    return std::min_element(bucket.begin(), bucket.end(),
                            [](const Event& a, const Event& b) { return a.time < b.time; });
  }
  static bool after(const Event& a, const Event& b) { return a.order > b.order; }

  // buckets_[b]: events whose time differs from last_ in bit b, and in none above.
  void file(const Event& event) {
    auto differs = static_cast<uint64_t>(event.time.count()) ^ static_cast<uint64_t>(last_.count());
    auto bucket = static_cast<size_t>(std::bit_width(differs) - 1);
    buckets_[bucket].push_back(event);
    filled_ |= uint64_t{1} << bucket;
  }

  // Goes to the earliest event: those of its time become the present, the others of its bucket move down.
  void advance() {
    auto lowest = static_cast<size_t>(std::countr_zero(filled_));
    std::vector<Event>& bucket = buckets_[lowest];
    last_ = earliest(bucket)->time;
    filled_ &= ~(uint64_t{1} << lowest);
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
  uint64_t sequence_ = 0;
  size_t size_ = 0;
  Nanos last_;
};

}  // namespace simsched

// Events by (time, order): a radix heap (Ahuja, Mehlhorn, Orlin, Tarjan 1990). Simulated time never goes back, so an
// event need only be filed by the highest bit in which its time differs from that of one popped before, and is refiled
// at most once a bit. Its cost hardly grows with the number of events, where that of a binary heap does with its cache
// misses (docs/performance.md). The first bucket, once it holds few events, is sorted and served as it is. What is too
// much of one instant to be kept sorted waits in a binary heap.
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
  kIpi,         // index: CPU; of a class
  kClassTimer,  // index: the class's own number for it
  kHotplug,     // index: number of the change
  kChange,      // index: of Workload::changes
  kFrequency,   // index: power domain. What its governor asked for holds
  kPowerCap,    // how much the machine takes is looked at
  kPacket,      // index: ring. Its first packet comes, or its CPU takes the interrupt
  kDone,        // index: CPU. The running task finished its compute op, or the soft interrupt there its packet
  kResched,     // index: CPU
  kTick,        // index: CPU
  kEnd,         // the duration is over
};

struct Event {
  Nanos time;
  uint64_t order;  // kind << 56 | sequence: unique
  uint32_t index;
  uint32_t sched_class;  // whose it is: kIpi, kClassTimer

  EventKind kind() const { return static_cast<EventKind>(order >> 56); }
};
static_assert(sizeof(Event) == 24);

class EventQueue {
 public:
  // The time is not before that of the last event popped.
  void push(const Event& event) {
    SIMSCHED_CHECK(event.time >= last_, "an event lies in the past");
    ++size_;
    earliest_ = std::min(earliest_, event.time);
    if (event.time < limit_) return keep(event);
    event.time == last_ ? join(event) : file(event);
  }
  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }

  // Of the event that pop() would answer; max() when there is none.
  Nanos next_time() const { return earliest_; }
  // That event. Time is known to go on to it: nothing will be pushed before it.
  const Event& next() {
    if (soon_.empty()) advance();
    return soon_.back();
  }

  Event pop() {
    Event event = next();
    soon_.pop_back();
    --size_;
    earliest_ = !soon_.empty() ? soon_.back().time : earliest_later();
    return event;
  }

 private:
  static constexpr size_t kFew = 32, kMany = 128;

  static constexpr auto after = [](const Event& a, const Event& b) {
    return a.time != b.time ? a.time > b.time : a.order > b.order;
  };
  size_t lowest() const { return static_cast<size_t>(std::countr_zero(filled_)); }
  Nanos earliest_later() const {
    return !crowd_.empty() ? last_ : filled_ == 0 ? Nanos::max() : earliest_in_[lowest()];
  }

  void keep(const Event& event) {
    soon_.insert(std::upper_bound(soon_.begin(), soon_.end(), event, after), event);
    if (soon_.size() > kMany) refile();
  }

  // buckets_[b]: events whose time differs from last_ in bit b, and in none above.
  void file(const Event& event) {
    auto differs = static_cast<uint64_t>(event.time.count()) ^ static_cast<uint64_t>(last_.count());
    auto bucket = static_cast<size_t>(std::bit_width(differs) - 1);
    const uint64_t bit = uint64_t{1} << bucket;
    earliest_in_[bucket] = filled_ & bit ? std::min(earliest_in_[bucket], event.time) : event.time;
    buckets_[bucket].push_back(event);
    filled_ |= bit;
  }

  // While there is a crowd: one more of its instant, which may come before some of soon_.
  void join(const Event& event) {
    if (!soon_.empty() && after(soon_.front(), event)) return keep(event);
    crowd(event);
  }
  void crowd(const Event& event) {
    crowd_.push_back(event);
    std::push_heap(crowd_.begin(), crowd_.end(), after);
  }
  void serve_crowd() {
    for (size_t i = std::min(kFew, crowd_.size()); i > 0; --i) {
      std::pop_heap(crowd_.begin(), crowd_.end(), after);
      soon_.push_back(crowd_.back());
      crowd_.pop_back();
    }
    std::reverse(soon_.begin(), soon_.end());
    if (crowd_.empty()) limit_ = last_ + 1_ns;
  }

  // Goes to the earliest event. Its bucket becomes what is served soon when that is few; else those of its time do, and
  // the others move down.
  void advance() {
    if (!crowd_.empty()) return serve_crowd();
    while (soon_.empty()) {
      const size_t number = lowest();
      std::vector<Event>& bucket = buckets_[number];
      filled_ &= filled_ - 1;
      last_ = earliest_;
      limit_ = last_ + 1_ns;
      if (bucket.size() <= kFew) {
        soon_.swap(bucket);
        limit_ = Nanos((last_.count() | ((int64_t{1} << number) - 1)) + 1);
      } else {
        for (const Event& event : bucket) event.time == last_ ? soon_.push_back(event) : file(event);
        bucket.clear();
      }
    }
    std::sort(soon_.begin(), soon_.end(), after);
    if (soon_.size() > kMany) refile();
  }

  // Of too many to keep sorted, the later ones go back into buckets, or into the crowd of their instant.
  void refile() {
    auto kept = soon_.end() - kMany / 2;
    limit_ = kept->time;
    if (limit_ > last_) kept = std::find_if(kept, soon_.end(), [&](const Event& e) { return e.time < limit_; });
    for (auto event = soon_.begin(); event != kept; ++event) event->time == last_ ? crowd(*event) : file(*event);
    soon_.erase(soon_.begin(), kept);
  }

  std::array<std::vector<Event>, 64> buckets_;
  std::array<Nanos, 64> earliest_in_{};  // of each that is not empty
  std::vector<Event> soon_;              // all before limit_, the next one at the back; of a crowd, its first
  std::vector<Event> crowd_;             // all at last_, a heap; as long as there are any, limit_ is last_, too
  Nanos limit_{1};
  uint64_t filled_ = 0;  // a bit a bucket
  size_t size_ = 0;
  Nanos last_;
  Nanos earliest_ = Nanos::max();
};

}  // namespace simsched

// The pending events, in one total order: (time, class, sequence). Two runs of the same simulation
// see the same order, whatever the machine.
#pragma once

#include <cstdint>
#include <queue>
#include <vector>

#include "base/units.h"

namespace simsched {

// At the same instant events are handled in this order.
enum class EventKind : uint8_t {
  kTimer,    // index: task. Its sleep is over
  kStart,    // index: task. It starts by itself
  kIpi,      // index: CPU; generation: class index
  kDone,     // index: CPU. The running task finished its compute op
  kResched,  // index: CPU
  kTick,     // index: CPU
  kEnd,      // the duration is over
};

struct Event {
  Nanos time;
  uint64_t order;       // kind << 56 | sequence
  uint32_t index;
  uint32_t generation;  // an event whose generation is no longer its owner's is dropped when popped

  EventKind kind() const { return static_cast<EventKind>(order >> 56); }
};
static_assert(sizeof(Event) == 24);

class EventQueue {
 public:
  void push(Nanos time, EventKind kind, uint32_t index, uint32_t generation = 0) {
    heap_.push({time, uint64_t{static_cast<uint8_t>(kind)} << 56 | sequence_++, index, generation});
  }
  bool empty() const { return heap_.empty(); }
  size_t size() const { return heap_.size(); }
  const Event& top() const { return heap_.top(); }
  Event pop() {
    Event event = heap_.top();
    heap_.pop();
    return event;
  }

 private:
  struct Later {
    bool operator()(const Event& a, const Event& b) const {
      return a.time != b.time ? a.time > b.time : a.order > b.order;
    }
  };
  std::priority_queue<Event, std::vector<Event>, Later> heap_;
  uint64_t sequence_ = 0;
};

}  // namespace simsched

#include "sim/event_queue.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>
#include <tuple>

namespace simsched {
namespace {

Event event(Nanos time, EventKind kind, uint32_t index) {
  return {time, uint64_t{static_cast<uint8_t>(kind)} << 56 | index, index, 0};
}

TEST(EventQueue, SameTimeIsOrderedByKindThenSequence) {
  EventQueue queue;
  queue.push(event(5_ns, EventKind::kTick, 1));
  queue.push(event(5_ns, EventKind::kTimer, 2));
  queue.push(event(5_ns, EventKind::kTimer, 3));
  queue.push(event(4_ns, EventKind::kEnd, 4));
  std::vector<uint32_t> order;
  while (!queue.empty()) order.push_back(queue.pop().index);
  EXPECT_EQ(order, (std::vector<uint32_t>{4, 2, 3, 1}));
}

// Kept sorted they would take minutes: when pushed, and when more come while they are served.
TEST(EventQueue, ManyEventsOfOneInstantAreNoWork) {
  for (const Nanos instant : {Nanos(0), Nanos(1'000'000)}) {
    EventQueue queue;
    const uint32_t many = 400'000;
    for (uint32_t i = 0; i < many; ++i) queue.push(event(instant, EventKind::kStart, i));
    for (uint32_t i = 0; i < many; ++i) {
      ASSERT_EQ(queue.pop().index, i);
      queue.push(event(instant, EventKind::kHotplug, many + i));
      queue.push(event(instant + 1_s, EventKind::kTimer, i));
    }
    for (uint32_t i = 0; i < many; ++i) ASSERT_EQ(queue.pop().index, many + i);
    for (uint32_t i = 0; i < many; ++i) ASSERT_EQ(queue.pop().index, i);
    EXPECT_TRUE(queue.empty());
  }
}

// Nobody looks through those that wait for later each time that nothing more is soon.
TEST(EventQueue, AMillionLaterEventsDoNotSlowOneThatComesAgainAndAgain) {
  EventQueue queue;
  for (uint32_t i = 0; i < 1'000'000; ++i) queue.push(event(10_s + Nanos(i), EventKind::kTimer, i));
  for (Nanos now; now < 9_s; now += 10_us) {
    queue.push(event(now, EventKind::kClassTimer, 7));
    ASSERT_EQ(queue.pop().index, 7u);
    ASSERT_EQ(queue.next_time(), 10_s);
  }
}

// Against an ordered set, pushes and pops mixed, never into the past, often many of one instant.
RC_GTEST_PROP(EventQueueProperty, PopsInTotalOrder, ()) {
  EventQueue queue;
  std::set<std::tuple<int64_t, int, uint32_t>> expected;  // time, kind, push number
  int64_t now = 0;
  uint32_t pushed = 0;
  auto steps = *rc::gen::inRange(1, 300);
  for (int i = 0; i < steps; ++i) {
    if (expected.empty() || *rc::gen::inRange(0, 5) < 3) {
      auto shift = *rc::gen::inRange(0, 40);
      int64_t time = now + *rc::gen::inRange<int64_t>(0, 3) * (int64_t{1} << shift);
      int kind = *rc::gen::inRange(0, 7), burst = *rc::gen::weightedElement<int>({{9, 1}, {1, 150}});
      for (int n = 0; n < burst; ++n, kind = (kind + n) % 7) {
        queue.push(event(Nanos(time), static_cast<EventKind>(kind), pushed));
        expected.insert({time, kind, pushed++});
      }
    } else {
      auto [time, kind, number] = *expected.begin();
      expected.erase(expected.begin());
      RC_ASSERT(queue.next_time() == Nanos(time));
      Event popped = queue.pop();
      RC_ASSERT(popped.time == Nanos(time));
      RC_ASSERT(popped.index == number);
      now = time;
    }
    RC_ASSERT(queue.size() == expected.size());
    RC_ASSERT((queue.next_time() == Nanos::max()) == expected.empty());
  }
}

}  // namespace
}  // namespace simsched

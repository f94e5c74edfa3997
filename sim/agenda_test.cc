#include "sim/agenda.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <tuple>

namespace simsched {
namespace {

TEST(Agenda, APlanReplacesThePlanBefore) {
  Agenda agenda(3);
  agenda.plan(CpuId(2), EventKind::kTick, 9_ns);
  agenda.plan(CpuId(2), EventKind::kTick, 5_ns);
  agenda.plan(CpuId(0), EventKind::kDone, 7_ns);
  agenda.plan(CpuId(1), EventKind::kDone, 6_ns);
  agenda.cancel(CpuId(1), EventKind::kDone);
  agenda.cancel(CpuId(1), EventKind::kTick);  // there is none
  EXPECT_FALSE(agenda.planned(CpuId(1), EventKind::kDone));
  EXPECT_EQ(agenda.at(CpuId(2), EventKind::kTick), 5_ns);
  EXPECT_EQ(agenda.pop().index, 2u);
  EXPECT_EQ(agenda.next_time(), 7_ns);
  EXPECT_EQ(agenda.pop().kind(), EventKind::kDone);
  EXPECT_TRUE(agenda.empty());
}

TEST(Agenda, AtOneInstantTheKindDecidesThenTheOrderOfPlans) {
  Agenda agenda(2);
  agenda.push(5_ns, EventKind::kEnd, 0);
  agenda.plan(CpuId(0), EventKind::kTick, 5_ns);
  agenda.plan(CpuId(1), EventKind::kDone, 5_ns);
  agenda.plan(CpuId(0), EventKind::kDone, 5_ns);
  agenda.push(5_ns, EventKind::kTimer, 7);
  std::vector<std::pair<EventKind, uint32_t>> order;
  while (!agenda.empty()) {
    Event event = agenda.pop();
    order.emplace_back(event.kind(), event.index);
  }
  EXPECT_EQ(order, (std::vector<std::pair<EventKind, uint32_t>>{{EventKind::kTimer, 7},
                                                                {EventKind::kDone, 1},
                                                                {EventKind::kDone, 0},
                                                                {EventKind::kTick, 0},
                                                                {EventKind::kEnd, 0}}));
}

// Against an ordered map: plans, replacements, cancellations and others mixed, never into the past.
RC_GTEST_PROP(AgendaProperty, PopsInTotalOrder, ()) {
  auto nr_cpus = *rc::gen::inRange<int32_t>(1, 20);
  Agenda agenda(static_cast<size_t>(nr_cpus));
  std::map<std::tuple<int64_t, EventKind, int>, uint32_t> expected;  // time, kind, number of the plan: index
  std::map<std::pair<int32_t, EventKind>, std::tuple<int64_t, EventKind, int>> plans;
  int64_t now = 0;
  int number = 0;
  auto steps = *rc::gen::inRange(1, 300);
  for (int i = 0; i < steps; ++i) {
    int64_t time = now + *rc::gen::inRange<int64_t>(0, 4) * (int64_t{1} << *rc::gen::inRange(0, 40));
    CpuId cpu(*rc::gen::inRange<int32_t>(0, nr_cpus));
    auto kind = *rc::gen::element(EventKind::kDone, EventKind::kResched, EventKind::kTick);
    switch (*rc::gen::inRange(0, 6)) {
      case 0:
      case 1: {
        agenda.plan(cpu, kind, Nanos(time));
        if (auto old = plans.find({cpu.value(), kind}); old != plans.end()) expected.erase(old->second);
        plans[{cpu.value(), kind}] = {time, kind, number};
        expected[{time, kind, number++}] = static_cast<uint32_t>(cpu.value());
        break;
      }
      case 2: {
        agenda.cancel(cpu, kind);
        if (auto old = plans.find({cpu.value(), kind}); old != plans.end()) {
          expected.erase(old->second);
          plans.erase(old);
        }
        break;
      }
      case 3: {
        auto other = *rc::gen::element(EventKind::kTimer, EventKind::kIpi, EventKind::kEnd);
        agenda.push(Nanos(time), other, static_cast<uint32_t>(number));
        expected[{time, other, number}] = static_cast<uint32_t>(number);
        ++number;
        break;
      }
      default: {
        if (expected.empty()) break;
        auto [key, index] = *expected.begin();
        expected.erase(expected.begin());
        plans.erase({static_cast<int32_t>(index), std::get<1>(key)});
        RC_ASSERT(agenda.next_time() == Nanos(std::get<0>(key)));
        Event event = agenda.pop();
        RC_ASSERT(event.time == Nanos(std::get<0>(key)));
        RC_ASSERT(event.kind() == std::get<1>(key));
        RC_ASSERT(event.index == index);
        now = event.time.count();
      }
    }
    RC_ASSERT(agenda.empty() == expected.empty());
  }
}

}  // namespace
}  // namespace simsched

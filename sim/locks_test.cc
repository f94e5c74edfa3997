#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "sim/engine.h"
#include "sim/testing.h"

namespace simsched {
namespace {

using testing::add_task;
using testing::flat_machine;
using testing::simulate;

constexpr Work kUs{1000};

Workload with_lock(std::vector<int32_t> users) {
  Workload w;
  for (int32_t user : users) w.lock_users.emplace_back(user);
  w.locks = {{0, static_cast<uint32_t>(users.size())}};
  return w;
}

TEST(Locks, AWaiterGoesOnWhenTheHolderHasDoneItsPart) {
  Workload w = with_lock({0, 1});
  add_task(w, "holder", {op::compute(100 * kUs)});
  add_task(w, "waiter", {op::compute(10 * kUs), op::lock(0, 0, 30 * kUs), op::compute(100 * kUs)});
  RunResult r = simulate(flat_machine(2), w);
  EXPECT_EQ(r.metric("makespan_ns"), 140'000);
  EXPECT_EQ(r.metric("wakeups"), 1);
}

TEST(Locks, SeveralWaitersOfOneHolderGoOnInTheOrderOfItsWork) {
  Workload w = with_lock({0, 1, 2});
  add_task(w, "holder", {op::compute(40 * kUs), op::compute(60 * kUs)});
  add_task(w, "late", {op::compute(10 * kUs), op::lock(0, 0, 50 * kUs), op::compute(1 * kUs)});
  add_task(w, "early", {op::compute(20 * kUs), op::lock(0, 0, 10 * kUs), op::compute(100 * kUs)});
  EXPECT_EQ(simulate(flat_machine(3), w).metric("makespan_ns"), 130'000);
  w.ops.back() = op::compute(1 * kUs);  // of "early": then the holder ends last
  EXPECT_EQ(simulate(flat_machine(3), w).metric("makespan_ns"), 100'000);
}

TEST(Locks, WhoIsBlockedHoldsNothing) {
  // The holder of the recording sleeps: another user that runs is taken for it.
  Workload w = with_lock({0, 1, 2});
  add_task(w, "sleeper", {op::sleep(500_us), op::compute(1 * kUs)});
  add_task(w, "waiter", {op::compute(10 * kUs), op::lock(0, 0, 30 * kUs), op::compute(700 * kUs)});
  add_task(w, "other", {op::compute(100 * kUs)});
  EXPECT_EQ(simulate(flat_machine(2), w).metric("makespan_ns"), 740'000);
}

TEST(Locks, AHolderThatBlocksLetsGo) {
  Workload w = with_lock({0, 1});
  add_task(w, "holder", {op::compute(20 * kUs), op::sleep(500_us), op::compute(20 * kUs)});
  add_task(w, "waiter", {op::compute(10 * kUs), op::lock(0, 0, 30 * kUs), op::compute(700 * kUs)});
  EXPECT_EQ(simulate(flat_machine(2), w).metric("makespan_ns"), 720'000);
}

TEST(Locks, ALockThatNobodyCanHoldIsFreeAtOnce) {
  Workload w = with_lock({0, 1});
  add_task(w, "sleeper", {op::sleep(500_us)});
  add_task(w, "waiter", {op::compute(10 * kUs), op::lock(0, 0, 30 * kUs), op::compute(1000 * kUs)});
  RunResult r = simulate(flat_machine(2), w);
  EXPECT_EQ(r.metric("makespan_ns"), 1'010'000);
  EXPECT_EQ(r.metric("wakeups"), 2);
}

RC_GTEST_PROP(LocksProperty, EverybodyGetsToTheEndAndNoWorkIsLost, (uint64_t seed)) {
  Rng rng(seed);
  size_t nr_tasks = 2 + rng.below(5);
  std::vector<int32_t> users(nr_tasks);
  for (size_t i = 0; i < nr_tasks; ++i) users[i] = static_cast<int32_t>(i);
  Workload w = with_lock(users);
  int64_t work = 0;
  for (size_t i = 0; i < nr_tasks; ++i) {
    std::vector<Op> program;
    for (int n = 0; n < 40; ++n) {
      int64_t us = 1 + static_cast<int64_t>(rng.below(50));
      program.push_back(op::compute(us * kUs));
      work += us * 1000;
      if (rng.below(3) == 0) program.push_back(op::sleep(Nanos(static_cast<int64_t>(rng.below(30'000)))));
      if (rng.below(2) == 0)
        program.push_back(
            op::lock(0, static_cast<uint16_t>(rng.below(nr_tasks)), Work(static_cast<int64_t>(rng.below(200'000)))));
    }
    add_task(w, "t", program);
  }
  RunResult r = simulate(flat_machine(1 + rng.below(3)), w);
  RC_ASSERT(r.metric("tasks_exited") == static_cast<int64_t>(nr_tasks));
  for (const auto& [name, time] : r.task_time)
    if (name == "work_ns") RC_ASSERT(time == work);
}

}  // namespace
}  // namespace simsched

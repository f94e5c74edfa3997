#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "replay/build_workload.h"
#include "traces/trace_maker.h"

namespace simsched {
namespace {

// A kernel thread that others, of more and more flips, wake from CPU 0 while it was on CPU 1, which is busy.
int64_t flips_told_by(int wakers, const std::function<bool(int flips)>& pulled) {
  constexpr int kThread = 20, kFirst = 100;
  TraceMaker maker(2);
  maker.names(kThread, "rcu_preempt").names(30, "a").names(31, "b").sw(0, 1, 0, kStateRunning, 9);
  int64_t at = 10;
  for (int i = 0; i < wakers; ++i) {
    const int waker = kFirst + i, flips = 1 + i % 12;
    maker.sw(at += 100, 0, i == 0 ? 0 : waker - 1, kStateDead, waker);
    for (int flip = 1; flip < flips; ++flip) maker.waking(at += 10, 0, waker, 30 + flip % 2);
    maker.waking(at += 10, 0, waker, kThread, kSoftIrq, 1);
    if (pulled(flips)) maker.migrate(at += 2, 0, waker, kThread, 1, 0);
  }
  MachineSpec spec;
  spec.name = "test";
  spec.cpus = {{CoreId(0), LlcId(0), NodeId(0)}, {CoreId(1), LlcId(0), NodeId(0)}};
  const Workload workload = build_workload(maker.trace(), Machine(spec));
  for (const TaskSpec& task : workload.tasks)
    if (task.pid == kThread) return task.wakee_flips;
  return -1;
}

// wake_wide() of kernel/sched/fair.c with two CPUs behind a cache: it is the same for who wakes and who is woken.
bool wake_wide(int waker, int wakee) {
  const auto [slave, master] = std::minmax(waker, wakee);
  return slave >= 2 && master >= 2 * slave;
}

TEST(Flips, AreTheOnesThatExplainWhoPullsAKernelThread) {
  for (int truth : {2, 3, 4, 5})
    EXPECT_EQ(flips_told_by(600, [&](int flips) { return !wake_wide(flips, truth); }), truth);
}

TEST(Flips, AreNotToldWhereLoadDecidesOrByChance) {
  EXPECT_EQ(flips_told_by(600, [](int flips) { return flips % 2 == 0; }), 0);
  EXPECT_EQ(flips_told_by(60, [](int flips) { return !wake_wide(flips, 3); }), 0);
}

}  // namespace
}  // namespace simsched

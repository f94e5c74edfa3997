#include "policies/fair/pelt.h"

#include <gtest/gtest.h>

#include "policies/fair/run_queue.h"

namespace simsched::fair {
namespace {

constexpr int64_t kPeriod = 1024 * 1024;  // ns
constexpr int64_t kStart = int64_t{1} << 30;

TEST(Pelt, HalvesEvery32Periods) {
  EXPECT_EQ(pelt::decay(1 << 20, 0), (1 << 20) - 1);  // the kernel's table starts with 0xffffffff
  EXPECT_EQ(pelt::decay(1 << 20, 32), (1 << 19) - 1);
  EXPECT_EQ(pelt::decay(1 << 20, 320), (1 << 10) - 1);
  EXPECT_EQ(pelt::decay(~0ull, 32 * 63 + 1), 0u);
}

TEST(Pelt, IsMonotonicInTime) {
  for (uint64_t n = 0; n < 200; ++n) EXPECT_GE(pelt::decay(1000000, n), pelt::decay(1000000, n + 1));
}

LoadAvg run_for(int64_t periods, bool running, LoadAvg avg = {}) {
  if (avg.last_update_time == 0) avg.last_update_time = kStart;
  pelt::update_sums(avg, avg.last_update_time + periods * kPeriod, running, running, running);
  pelt::update_averages(avg, 1024);
  return avg;
}

TEST(Pelt, FullLoadConvergesTo1024) {
  LoadAvg avg = run_for(400, true);
  EXPECT_NEAR(static_cast<double>(avg.util_avg), 1024, 2);
  EXPECT_NEAR(static_cast<double>(avg.load_avg), 1024, 2);
  EXPECT_NEAR(static_cast<double>(avg.runnable_avg), 1024, 2);
  EXPECT_NEAR(static_cast<double>(avg.load_sum), pelt::divider(avg), 32);  // rounding of each step
}

TEST(Pelt, HalfLifeIs32Milliseconds) {
  EXPECT_NEAR(static_cast<double>(run_for(32, true).util_avg), 512, 2);
  EXPECT_NEAR(static_cast<double>(run_for(64, true).util_avg), 768, 2);
  EXPECT_NEAR(static_cast<double>(run_for(32, false, run_for(400, true)).util_avg), 512, 2);
}

TEST(Pelt, OneStepEqualsMany) {
  LoadAvg one = run_for(100, true), many;
  many.last_update_time = kStart;
  for (int i = 1; i <= 400; ++i) pelt::update_sums(many, kStart + i * kPeriod / 4, 1, 1, true);
  pelt::update_averages(many, 1024);
  EXPECT_NEAR(static_cast<double>(one.util_avg), static_cast<double>(many.util_avg), 2);
}

TEST(Pelt, TimeThatGoesBackIsIgnored) {
  LoadAvg avg = run_for(10, true);
  uint64_t before = avg.util_sum;
  EXPECT_FALSE(pelt::update_sums(avg, avg.last_update_time - 5000, 1, 1, true));
  EXPECT_EQ(avg.util_sum, before);
}

TEST(Pelt, AttachThenDetachLeavesNothing) {
  CfsRq rq;
  rq.avg.last_update_time = kStart;
  Entity e;
  set_weight(e, kNice0Load);
  e.cfs_rq = &rq;
  e.avg.load_avg = 700;
  e.avg.util_avg = e.avg.runnable_avg = 300;
  pelt::attach(rq, e);
  EXPECT_EQ(rq.avg.load_avg, 700u);
  EXPECT_EQ(rq.avg.util_avg, 300u);
  EXPECT_EQ(e.avg.last_update_time, kStart);
  pelt::detach(rq, e);
  EXPECT_EQ(rq.avg.load_avg, 0u);
  EXPECT_EQ(rq.avg.util_avg, 0u);
  EXPECT_EQ(rq.avg.runnable_avg, 0u);
}

TEST(Pelt, GroupEntityFollowsItsQueue) {
  CfsRq root, below;
  root.avg.last_update_time = below.avg.last_update_time = kStart;
  Entity group, task;
  set_weight(group, kNice0Load);
  set_weight(task, kNice0Load);
  group.my_q = &below;
  group.cfs_rq = &root;
  task.cfs_rq = &below;
  below.group_entity = &group;
  task.avg.load_avg = 1024;
  task.avg.util_avg = task.avg.runnable_avg = 400;
  pelt::attach(below, task);
  EXPECT_TRUE(pelt::propagate(group));
  EXPECT_EQ(root.avg.util_avg, 400u);
  EXPECT_EQ(group.avg.util_avg, 400u);
  EXPECT_NEAR(static_cast<double>(root.avg.load_avg), 1024, 2);
  EXPECT_FALSE(pelt::propagate(group));
}

}  // namespace
}  // namespace simsched::fair

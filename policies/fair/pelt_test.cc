#include "policies/fair/pelt.h"

#include <gtest/gtest.h>

#include <utility>

#include "base/rng.h"
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
  pelt::update(avg, avg.last_update_time + periods * kPeriod, {running, running, running, 1024});
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
  for (int i = 1; i <= 400; ++i) pelt::update(many, kStart + i * kPeriod / 4, {1, 1, true, 1024});
  EXPECT_NEAR(static_cast<double>(one.util_avg), static_cast<double>(many.util_avg), 2);
}

TEST(Pelt, TimeThatGoesBackIsIgnored) {
  LoadAvg avg = run_for(10, true);
  uint64_t before = avg.util_sum;
  EXPECT_FALSE(pelt::update(avg, avg.last_update_time - 5000, {1, 1, true, 1024}));
  EXPECT_EQ(avg.util_sum, before);
}

// Quotients by reciprocal are exact; those too large for it are divided.
TEST(Pelt, AveragesAreSumsByTheirDivider) {
  Rng rng(1);
  for (int i = 0; i < 100000; ++i) {
    LoadAvg avg;
    avg.last_update_time = kStart + static_cast<int64_t>(rng.below(1 << 20)) * 1024;
    for (uint64_t* sum : {&avg.load_sum, &avg.runnable_sum, &avg.util_sum}) *sum = rng.next() >> (rng.below(40) + 22);
    avg.load_sum <<= rng.below(12);
    pelt::update(avg, avg.last_update_time + kPeriod, {.weight = 3});
    uint64_t divider = pelt::divider(avg);
    ASSERT_EQ(avg.load_avg, 3 * avg.load_sum / divider);
    ASSERT_EQ(avg.runnable_avg, static_cast<uint32_t>(avg.runnable_sum / divider));
    ASSERT_EQ(avg.util_avg, static_cast<uint32_t>(avg.util_sum / divider));
  }
}

// An entity and its run queue that are brought up to date together end as if each had been by itself.
TEST(Pelt, TogetherIsAsOneByOne) {
  Rng rng(2);
  struct Pair {
    CfsRq rq;
    Entity e;
  } together, apart;
  for (Pair* pair : {&together, &apart}) {
    set_weight(pair->e, kNice0Load);
    pair->rq.load = kNice0Load;
    pair->rq.h_nr_runnable = 1;
    pair->e.cfs_rq = &pair->rq;
    pair->e.on_rq = true;
    pair->rq.avg.last_update_time = pair->e.avg.last_update_time = kStart;
  }
  int64_t now = kStart;
  for (int i = 0; i < 10000; ++i) {
    now += rng.between(0, i % 3 ? 3000000 : 3000);
    bool runs = rng.below(2);
    for (Pair* pair : {&together, &apart}) {
      if (runs) pair->rq.curr = &pair->e;
      else pair->rq.curr = nullptr;
    }
    if (i % 5 == 0) {  // one of them alone: they are out of step then
      for (Pair* pair : {&together, &apart}) pelt::update_queue(pair->rq, now);
      continue;
    }
    pelt::update_both(together.rq, together.e, now);
    pelt::update(apart.e.avg, now, pelt::held_by(apart.rq, apart.e));
    pelt::update_queue(apart.rq, now);
    for (auto [a, b] : {std::pair(&together.e.avg, &apart.e.avg), std::pair(&together.rq.avg, &apart.rq.avg)}) {
      ASSERT_EQ(a->last_update_time, b->last_update_time);
      ASSERT_EQ(a->load_sum, b->load_sum);
      ASSERT_EQ(a->util_avg, b->util_avg);
      ASSERT_EQ(a->runnable_avg, b->runnable_avg);
    }
  }
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

TEST(Pelt, WhatDiedCountsUntilTheNextUpdate) {
  CfsRq rq;
  rq.avg.last_update_time = kStart;
  Entity stays, dies;
  for (Entity* e : {&stays, &dies}) {
    set_weight(*e, kNice0Load);
    e->avg.load_avg = 700;
    e->avg.util_avg = e->avg.runnable_avg = 300;
    pelt::attach(rq, *e);
  }
  pelt::remove_later(rq, dies);
  EXPECT_EQ(rq.avg.load_avg, 1400u);
  EXPECT_TRUE(pelt::update_queue(rq, kStart)) << "it changes although no time has passed";
  EXPECT_EQ(rq.avg.load_avg, 700u);
  EXPECT_EQ(rq.avg.util_avg, 300u);
  EXPECT_EQ(rq.avg.runnable_avg, 300u);
  EXPECT_FALSE(pelt::update_queue(rq, kStart));
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

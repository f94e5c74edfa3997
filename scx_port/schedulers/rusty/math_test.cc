// The arithmetic that both halves share.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cmath>

#include "scx_port/schedulers/rusty/rusty_math.h"

namespace simsched::rusty {
namespace {

constexpr u64 kHalfLife = 1000000000;
constexpr u64 kSecond = 1000000000;

TEST(RustyAverage, HalvesAtTheEndOfEachWindow) {
  rusty_ravg r{};
  ravg_accumulate(&r, 1, 0, kHalfLife);
  EXPECT_EQ(ravg_read(&r, kSecond, kHalfLife), RAVG_ONE / 2);
  EXPECT_EQ(ravg_read(&r, 2 * kSecond, kHalfLife), RAVG_ONE * 3 / 4);
  EXPECT_EQ(ravg_read(&r, 3 * kSecond, kHalfLife), RAVG_ONE * 7 / 8);
  ravg_accumulate(&r, 0, 3 * kSecond, kHalfLife);
  EXPECT_EQ(ravg_read(&r, 4 * kSecond, kHalfLife), RAVG_ONE * 7 / 16);
}

TEST(RustyAverage, ReadsOldAndCurrentByProgress) {
  // old 1/2 at 1 s; half a window later: 1/2 (1 - 1/4) + 1/2 1/2.
  rusty_ravg r{.val = 1, .val_at = kSecond, .old = RAVG_ONE / 2, .cur = 0};
  EXPECT_EQ(ravg_read(&r, kSecond * 3 / 2, kHalfLife), RAVG_ONE * 3 / 8 + RAVG_ONE / 4);
}

TEST(RustyAverage, TimeDoesNotRunBackwards) {
  rusty_ravg r{};
  ravg_accumulate(&r, 1, 500, kHalfLife);
  ravg_accumulate(&r, 2, 400, kHalfLife);
  EXPECT_EQ(r.val_at, 500u);
  EXPECT_EQ(r.val, 2u);
}

TEST(RustyAverage, SurvivesVeryLongPauses) {
  rusty_ravg r{};
  ravg_accumulate(&r, 3, 5, kHalfLife);
  EXPECT_EQ(ravg_read(&r, 1000 * kSecond, kHalfLife), 3 * RAVG_ONE);
}

TEST(RustyAverage, IsTheSameInOneStepOrMany) {
  EXPECT_TRUE(rc::check([] {
    auto steps = *rc::gen::container<std::vector<u64>>(rc::gen::inRange<u64>(1, 3 * kSecond));
    auto value = *rc::gen::inRange<u64>(0, 100);
    rusty_ravg once{}, often{};
    u64 now = *rc::gen::inRange<u64>(0, kSecond);
    ravg_accumulate(&once, value, now, kHalfLife);
    ravg_accumulate(&often, value, now, kHalfLife);
    for (u64 step : steps) ravg_accumulate(&often, value, now += step, kHalfLife);
    auto a = static_cast<double>(ravg_read(&once, now, kHalfLife));
    auto b = static_cast<double>(ravg_read(&often, now, kHalfLife));
    RC_ASSERT(std::abs(a - b) <= static_cast<double>(value + 1) * static_cast<double>(steps.size() + 4));
  }));
}

TEST(RustyAverage, AgreesWithADoublePrecisionReference) {
  EXPECT_TRUE(rc::check([] {
    rusty_ravg r{};
    double old_value = 0, cur = 0;
    u64 now = 0, value = 0;
    for (int i = 0; i < 20; ++i) {
      u64 next = now + *rc::gen::inRange<u64>(0, 2 * kSecond), at = now;
      while (at < next) {
        u64 end = std::min(next, (at / kHalfLife + 1) * kHalfLife);
        cur += static_cast<double>(value) * static_cast<double>(end - at) / static_cast<double>(kHalfLife);
        at = end;
        if (at % kHalfLife == 0) old_value = (old_value + cur) / 2, cur = 0;
      }
      now = next;
      double share = static_cast<double>(now % kHalfLife) / static_cast<double>(kHalfLife);
      double expected = old_value * (1 - share / 2) + cur / 2;
      double got = static_cast<double>(ravg_read(&r, now, kHalfLife)) / static_cast<double>(RAVG_ONE);
      RC_ASSERT(std::abs(got - expected) < 0.003);
      value = *rc::gen::inRange<u64>(0, 50);
      ravg_accumulate(&r, value, now, kHalfLife);
    }
  }));
}

TEST(RustyAverage, WhatLeavesOneJoinsTheOther) {
  rusty_ravg from{}, to{}, task{};
  ravg_accumulate(&from, 2, 0, kHalfLife);
  ravg_accumulate(&task, 1, 0, kHalfLife);
  ravg_accumulate(&to, 0, 0, kHalfLife);
  u64 now = 2 * kSecond + 12345;
  ravg_accumulate(&task, 1, now, kHalfLife);
  u64 before = ravg_read(&from, now, kHalfLife);
  ravg_leave(&from, &task, now, kHalfLife);
  ravg_join(&to, &task, now, kHalfLife);
  EXPECT_EQ(from.val, 1u);
  EXPECT_EQ(to.val, 1u);
  EXPECT_NEAR(static_cast<double>(ravg_read(&to, now, kHalfLife)), static_cast<double>(before) / 2, 2);
  EXPECT_NEAR(static_cast<double>(ravg_read(&from, now, kHalfLife)), static_cast<double>(before) / 2, 2);
}

TEST(RustyBucket, IsAHundredWeights) {
  EXPECT_EQ(bucket_of(1), 0u);
  EXPECT_EQ(bucket_of(99), 0u);
  EXPECT_EQ(bucket_of(100), 1u);  // nice 0
  EXPECT_EQ(bucket_of(9999), 99u);
  EXPECT_EQ(bucket_of(10000), 99u);
}

TEST(RustyDeadline, CountsBits) {
  EXPECT_EQ(bit_length(0), 1u);
  EXPECT_EQ(bit_length(1), 1u);
  EXPECT_EQ(bit_length(2), 2u);
  EXPECT_EQ(bit_length(255), 8u);
  EXPECT_EQ(bit_length(256), 9u);
  for (u32 bit = 0; bit < 64; ++bit) {
    EXPECT_EQ(bit_length(u64{1} << bit), bit + 1);
    EXPECT_EQ(bit_length(~u64{0} >> (63 - bit)), bit + 1);
  }
}

TEST(RustyDeadline, FrequencyIsPerTenthOfASecond) {
  EXPECT_EQ(update_freq(0, 1000000), 25u);  // 100 in 100 ms, a quarter of it
  EXPECT_EQ(update_freq(100, 1000000), 100u);
  EXPECT_EQ(update_freq(100, 0), 75u);  // as BPF divides by zero
  EXPECT_EQ(update_freq(100, 200000000), 75u);
}

// By hand: blocked 100, waker 100 (each once in a ms), weight 100: f = 10^6, 20 bits of f + 1. It runs 1 ms: half of it
// is 500,000 ns, 19 bits. 20 - 19 = 1.
TEST(RustyDeadline, LatencyPriorityByHand) {
  EXPECT_EQ(latency_priority(100, 100, 1000000, 100), 1u);
  EXPECT_EQ(latency_priority(0, 0, 0, 100), 0u);        // 1 bit - 1 bit
  EXPECT_EQ(latency_priority(~0u, ~0u, 0, 100), 38u);   // the most: 39 - 1
  EXPECT_EQ(latency_priority(100, 100, ~0u, 100), 0u);  // 50 ms: 26 bits
  // Nice -20: f = 88761/1024*100 = 8668 -> 86,680,000: 27 bits; 500,000 * 100 / 8668 = 5768: 13 bits.
  EXPECT_EQ(latency_priority(100, 100, 1000000, 8668), 14u);
}

TEST(RustyDeadline, LengthIsRuntimeByPriorityWeight) {
  constexpr u32 weights[40] = RUSTY_PRIO_TO_WEIGHT;
  EXPECT_EQ(weights[38 - 0], 18u);
  EXPECT_EQ(weights[38 - 38], 88761u);
  EXPECT_EQ(deadline_length(1000000, weights[38]), 1000000 * 100 / 18u);
  EXPECT_EQ(deadline_length(1000000, weights[0]), 10000u);  // the weight is at most 10,000
}

TEST(RustyDeadline, NothingOverflows) {
  EXPECT_TRUE(rc::check([] {
    auto blocked = *rc::gen::arbitrary<u64>(), waker = *rc::gen::arbitrary<u64>();
    auto runtime = *rc::gen::inRange<u64>(0, u64{1} << 56);
    auto weight = *rc::gen::inRange<u32>(1, 10001);
    RC_ASSERT(latency_priority(blocked, waker, runtime, weight) <= 38u);
  }));
}

}  // namespace
}  // namespace simsched::rusty

#include "scx_port/collect/outcomes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace simsched::collect {
namespace {

constexpr Nanos kStart = 1_s;

// Tells a story about tasks on two CPUs, in microseconds since the start, and has the decisions.
class OutcomesTest : public testing::Test {
 protected:
  void decide(int64_t us, int32_t pid, collect_trigger trigger, int32_t src, int32_t dst, bool result) {
    collect_decision d{};
    d.kind = COLLECT_DECISION;
    d.time = clock(us), d.pid = pid, d.trigger = trigger, d.src = src, d.dst = dst, d.result = result;
    tell(d);
  }
  void wake(int64_t us, int32_t pid, int32_t src, int32_t dst) { decide(us, pid, COLLECT_WAKE, src, dst, src != dst); }
  void change(int64_t us, int32_t cpu, int32_t prev, uint32_t state, int32_t next) {
    tell(collect_switch{COLLECT_SWITCH, cpu, clock(us), prev, next, state, 0});
  }
  void move(int64_t us, int32_t pid, int32_t src, int32_t dst, bool queued) {
    tell(collect_move{COLLECT_MOVE, pid, clock(us), src, dst, queued, 0});
  }
  const Decision& finished(int64_t us, size_t at = 0) {
    outcomes_.finish(Nanos(static_cast<int64_t>(clock(us))));
    return decisions_.at(at);
  }
  static uint64_t clock(int64_t us) { return static_cast<uint64_t>((kStart + 1_us * us).count()); }
  template <class Record>
  void tell(const Record& record) {
    EXPECT_TRUE(outcomes_.add(std::as_bytes(std::span(&record, 1))));
  }

  Host host_{{{CpuId(0), 0, 0, 0, 0, 1024}, {CpuId(1), 1, 1, 0, 0, 1024}}, {{10}}};
  std::vector<Decision> decisions_;
  Outcomes outcomes_{host_, kStart, 10_ms, [this](const Decision& d) { decisions_.push_back(d); }};
};

TEST_F(OutcomesTest, AWakeUpWaitsRunsAndSleeps) {
  change(100, 0, 7, 1, 0);
  wake(500, 7, 0, 0);
  change(530, 0, 0, 0, 7);
  change(900, 0, 7, 1, 0);
  const Decision& d = finished(1000);
  EXPECT_EQ(d.time, 500_us);
  EXPECT_EQ(d.since_run, 400_us);
  EXPECT_EQ(d.last_stop, Stop::kSlept);
  EXPECT_EQ(d.last_burst, kNever) << "it began before the recording";
  EXPECT_EQ(d.run_delay, 30_us);
  EXPECT_EQ(d.ran, 370_us);
  EXPECT_EQ(d.ran_cpu, CpuId(0));
  EXPECT_EQ(d.stop, Stop::kSlept);
  EXPECT_EQ(d.next_move, kNever);
  EXPECT_EQ(d.relation, Relation::kSameCpu);
  EXPECT_TRUE(d.cut_short);
}

TEST_F(OutcomesTest, ItsOwnMoveIsNotTheNextOne) {
  wake(500, 7, 0, 1);
  move(501, 7, 0, 1, false);
  move(700, 7, 1, 0, true);
  const Decision& d = finished(20000);
  EXPECT_TRUE(d.carried_out);
  EXPECT_EQ(d.relation, Relation::kLlc);
  EXPECT_EQ(d.next_move, 200_us);
  EXPECT_EQ(d.next_cpu, CpuId(0));
  EXPECT_EQ(outcomes_.unexplained_moves(), 1);
  EXPECT_FALSE(d.cut_short);
}

TEST_F(OutcomesTest, ARefusalIsFollowedByWhatAnotherDecisionDid) {
  decide(100, 7, COLLECT_BALANCE_IDLE, 0, 1, false);
  decide(300, 7, COLLECT_BALANCE_IDLE, 0, 1, true);
  move(301, 7, 0, 1, true);
  change(400, 1, 0, 0, 7);
  const Decision& refused = finished(1000, 0);
  EXPECT_EQ(refused.next_move, 201_us);
  EXPECT_EQ(refused.run_delay, 300_us);
  EXPECT_FALSE(refused.carried_out);
  EXPECT_TRUE(decisions_[1].carried_out);
  EXPECT_EQ(decisions_[1].next_move, kNever);
  EXPECT_EQ(outcomes_.unexplained_moves(), 0);
}

TEST_F(OutcomesTest, ConsentWithoutAMoveIsNotCarriedOut) {
  decide(100, 7, COLLECT_BALANCE_BUSY, 0, 1, true);
  change(200, 0, 0, 0, 7);
  EXPECT_FALSE(finished(1000).carried_out);
}

TEST_F(OutcomesTest, ANewTaskIsPlacedWithoutAMove) {
  change(10, 0, 7, 0x80, 0);  // who had the number before
  decide(100, 7, COLLECT_FORK, 0, 1, true);
  change(200, 1, 0, 0, 7);
  const Decision& d = finished(1000);
  EXPECT_TRUE(d.carried_out);
  EXPECT_EQ(d.since_run, kNever);
}

TEST_F(OutcomesTest, WhatStillRunsRanUpToTheWindowsEnd) {
  wake(0, 7, 0, 0);
  change(1000, 0, 0, 0, 7);
  wake(11000, 8, 0, 0);
  ASSERT_EQ(decisions_.size(), 1);
  EXPECT_EQ(decisions_[0].ran, 9_ms);
  EXPECT_EQ(decisions_[0].stop, Stop::kNotSeen);
  EXPECT_FALSE(decisions_[0].cut_short);
}

TEST_F(OutcomesTest, DecisionsAreClosedInOrderAndForgotten) {
  for (int64_t i = 0; i < 1000; ++i) wake(100 * i, 7, 0, 0);
  EXPECT_GT(decisions_.size(), 890);
  change(100000, 0, 0, 0, 7);
  finished(100000);
  ASSERT_EQ(decisions_.size(), 1000);
  for (size_t i = 0; i < 1000; ++i) EXPECT_EQ(decisions_[i].time, 100_us * static_cast<int64_t>(i));
  EXPECT_EQ(decisions_[899].run_delay, kNever);
  EXPECT_EQ(decisions_[950].run_delay, 5_ms);
}

TEST_F(OutcomesTest, LossesMakeWhatIsOpenUncertain) {
  wake(0, 7, 0, 0);
  outcomes_.advance(Nanos(static_cast<int64_t>(clock(20000))));
  wake(20000, 7, 0, 0);
  outcomes_.records_were_lost();
  wake(20001, 7, 0, 0);
  finished(40000);
  EXPECT_FALSE(decisions_[0].uncertain);
  EXPECT_TRUE(decisions_[1].uncertain);
  EXPECT_FALSE(decisions_[2].uncertain);
}

TEST_F(OutcomesTest, ClocksThatDisagreeGiveNoNegativeTime) {
  wake(500, 7, 0, 1);
  change(499, 1, 0, 0, 7);
  EXPECT_EQ(finished(1000).run_delay, 0_ns);
}

TEST_F(OutcomesTest, ForeignRecordsAreRefused) {
  const uint32_t kinds[2] = {99, 0};
  EXPECT_FALSE(outcomes_.add(std::as_bytes(std::span(kinds))));
  const uint32_t cut[2] = {COLLECT_DECISION, 7};
  EXPECT_FALSE(outcomes_.add(std::as_bytes(std::span(cut))));
  EXPECT_FALSE(outcomes_.add({}));
}

}  // namespace
}  // namespace simsched::collect

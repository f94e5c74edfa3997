#include "traces/prev_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace simsched {
namespace {

constexpr auto number = [](unsigned value) { return static_cast<uint16_t>(value | kStateIsNumber); };

TEST(PrevState, LettersOfTheKernelsFormat) {
  EXPECT_EQ(parse_state("R"), kStateRunning);
  EXPECT_EQ(parse_state("S"), kStateInterruptible);
  EXPECT_EQ(parse_state("I"), kStateIdle);
  EXPECT_EQ(parse_state("t"), kStateTraced);
  EXPECT_EQ(parse_state(" Z "), kStateZombie);
  EXPECT_EQ(parse_state("D|K"), kStateUninterruptible);
  EXPECT_EQ(parse_state("D|W"), kStateUninterruptible);
  EXPECT_EQ(parse_state("x"), kStateDead);
  EXPECT_EQ(parse_state("D|N"), kStateIdle) << "an idle kernel thread before 4.14";
  EXPECT_EQ(parse_state("R+"), kStatePreempted);
  EXPECT_EQ(parse_state("S+"), kStatePreempted) << "on its way to sleep, but it may run";
  EXPECT_EQ(parse_state("W"), kStatePreempted) << "256 under its old name";
}

TEST(PrevState, WhatIsUnknownIsNothing) {
  for (const char* text : {"", " ", "Q", "?", "S|", "|S", "SD", "S|Q", "N", "K", "n", "+", "1x", "0x", "-1", "99999"})
    EXPECT_EQ(parse_state(text), std::nullopt) << text;
  EXPECT_EQ(parse_plugin_state("x|Q"), std::nullopt);
}

TEST(PrevState, NumbersWaitForTheirCode) {
  EXPECT_EQ(parse_state("0"), number(0));
  EXPECT_EQ(parse_state("130"), number(130));
  EXPECT_EQ(parse_state("0x1000"), number(4096));
  EXPECT_EQ(parse_plugin_state("S"), kStateInterruptible);
  EXPECT_EQ(parse_plugin_state("W"), number(128));
  EXPECT_EQ(parse_plugin_state("D|W"), number(130));
}

TEST(PrevState, ThePreemptedBitIsInTheFormat) {
  auto format = [](const std::string& bit) {
    return state_code_of_format("REC->prev_state & (" + bit + "-1) ? __print_flags(REC->prev_state & (" + bit +
                                "-1), \"|\", { 1, \"S\"} , { 2, \"D\" }) : \"R\", REC->prev_state & " + bit +
                                " ? \"+\" : \"\"");
  };
  EXPECT_EQ(format("1024"), StateCode::kTo41);
  EXPECT_EQ(format("2048"), StateCode::kTo47);
  EXPECT_EQ(format("4096"), StateCode::kTo413);
  EXPECT_EQ(format("77"), StateCode::kUnknown);
  EXPECT_EQ(state_code_of_format("{ 0x0040, \"P\" }, { 0x0080, \"I\" }) : \"R\", REC->prev_state & (((0x0000 | 0x0040) "
                                 "+ 1) << 1) ? \"+\" : \"\""),
            StateCode::kSince414);
}

TEST(PrevState, ReleasesTellTheCode) {
  EXPECT_EQ(state_code_of_release("3.18.31-perf"), StateCode::kTo41);
  EXPECT_EQ(state_code_of_release("4.1.0"), StateCode::kTo41);
  EXPECT_EQ(state_code_of_release("4.2.0"), StateCode::kTo47);
  EXPECT_EQ(state_code_of_release("4.9.1"), StateCode::kTo413);
  EXPECT_EQ(state_code_of_release("4.14.0"), StateCode::kSince414);
  EXPECT_EQ(state_code_of_release("6.18.44-cloud"), StateCode::kSince414);
  for (const char* text : {"", "6", "x.y", "6."}) EXPECT_EQ(state_code_of_release(text), StateCode::kUnknown) << text;
}

TEST(PrevState, EachKernelsNumbers) {
  using enum StateCode;
  for (StateCode code : {kTo41, kTo47, kTo413, kSince414}) {
    EXPECT_EQ(decode_state(0, code), kStateRunning);
    EXPECT_EQ(decode_state(1, code), kStateInterruptible);
    EXPECT_EQ(decode_state(2, code), kStateUninterruptible);
    EXPECT_TRUE(*decode_state(16, code) & (kStateDead | kStateZombie));
    EXPECT_EQ(decode_state(1 << 14, code), std::nullopt);
  }
  EXPECT_EQ(decode_state(1024, kTo41), kStatePreempted);
  EXPECT_EQ(decode_state(2048, kTo47), kStatePreempted);
  EXPECT_EQ(decode_state(4096, kTo413), kStatePreempted);
  EXPECT_EQ(decode_state(256, kSince414), kStatePreempted);
  EXPECT_EQ(decode_state(64, kTo413), kStateDead);
  EXPECT_EQ(decode_state(64, kSince414), kStateParked);
  EXPECT_EQ(decode_state(512, kTo47), kStateParked);
  EXPECT_EQ(decode_state(1026, kTo47), kStateIdle);
  EXPECT_EQ(decode_state(128, kSince414), kStateIdle);
  EXPECT_EQ(decode_state(130, kTo413), kStateUninterruptible);
  EXPECT_EQ(decode_state(256, kTo413), std::nullopt);
}

class SettleStates : public testing::Test {
 protected:
  std::vector<uint16_t> settle(const std::vector<unsigned>& numbers) {
    std::vector<std::vector<TraceEvent>> events(1);
    for (unsigned value : numbers) events[0].emplace_back().state = number(value);
    settle_states(events, StateCode::kUnknown, "t", odd);
    std::vector<uint16_t> states;
    for (const TraceEvent& event : events[0]) states.push_back(event.state);
    return states;
  }
  OddEvents odd;
};

TEST_F(SettleStates, WhatIsSeenTellsTheCode) {
  using testing::ElementsAre;
  EXPECT_THAT(settle({0, 1, 4096, 64}), ElementsAre(0, 1, kStatePreempted, kStateDead));
  EXPECT_THAT(settle({2048, 1026}), ElementsAre(kStatePreempted, kStateIdle));
  EXPECT_THAT(settle({1024, 64}), ElementsAre(kStatePreempted, kStateDead));
  EXPECT_THAT(settle({256, 64, 16}), ElementsAre(kStatePreempted, kStateParked, kStateDead));
  EXPECT_THAT(settle({128, 1}), ElementsAre(kStateIdle, kStateInterruptible));
  EXPECT_THAT(settle({130, 64}), ElementsAre(kStateUninterruptible, kStateDead));
  EXPECT_THAT(settle({64, 1}), ElementsAre(kStateDead, kStateInterruptible));
  EXPECT_EQ(odd.count(), 0u);
}

TEST_F(SettleStates, ASwitchInNoStateIsTakenOutAndCounted) {
  EXPECT_THAT(settle({1, 4096, 20000}), testing::ElementsAre(kStateInterruptible, kStatePreempted));
  EXPECT_EQ(odd.count(), 1u);
}

}  // namespace
}  // namespace simsched

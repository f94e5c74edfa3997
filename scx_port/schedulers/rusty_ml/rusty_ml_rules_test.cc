// What follows from what a model answers, and the bounds that hold whatever it answers.
#include "scx_port/schedulers/rusty_ml/rusty_ml_rules.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>

#include "scx_port/schedulers/rusty_ml/options.h"

namespace simsched::rusty_ml {
namespace {

using Answers = std::array<u64, CHOICES>;

u64 choice(const Answers& answers) { return choose(answers.data()); }

TEST(Choose, TheBestOfThoseToMoveTo) {
  EXPECT_EQ(choice({answer_of(MLP_MOVE, 5), answer_of(MLP_STAY, -9), answer_of(MLP_MOVE, 7)}), 2u);
  EXPECT_EQ(choice({answer_of(MLP_MOVE, 7), answer_of(MLP_MOVE, 7)}), 0u);  // the first of equals
  EXPECT_EQ(choice({0, 0, 0, 0, 0, 0, 0, answer_of(MLP_MOVE, 1)}), 7u);
  // How sure it is of others does not matter, nor a logit without a verdict.
  EXPECT_EQ(choice({answer_of(MLP_UNSURE, 99), answer_of(MLP_MOVE, 3)}), 1u);
}

TEST(Choose, ToStayWhenAllSaySo) {
  EXPECT_EQ(choice({answer_of(MLP_STAY, -1), 0, answer_of(MLP_STAY, -5)}), u64{CHOOSE_STAY});
  EXPECT_EQ(choice({answer_of(MLP_STAY, -1), answer_of(MLP_UNSURE, 0)}), u64{CHOOSE_OPEN});
  EXPECT_EQ(choice({}), u64{CHOOSE_OPEN});
}

RC_GTEST_PROP(Choose, IsWhatALoopWithBranchesFinds, ()) {
  Answers answers{};
  for (u64& answer : answers)
    if (*rc::gen::inRange(0, 4) != 0) answer = answer_of(*rc::gen::inRange(0u, 3u), *rc::gen::arbitrary<s32>());
  u64 best = CHOOSE_OPEN;
  bool asked = false, all_stay = true;
  for (size_t i = 0; i < CHOICES; ++i) {
    if (answers[i] == 0) continue;
    asked = true;
    if (answer_verdict(answers[i]) != MLP_STAY) all_stay = false;
    if (answer_verdict(answers[i]) != MLP_MOVE) continue;
    if (best == CHOOSE_OPEN || answer_logit(answers[i]) > answer_logit(answers[best])) best = i;
  }
  if (best == CHOOSE_OPEN && asked && all_stay) best = CHOOSE_STAY;
  RC_ASSERT(choice(answers) == best);
}

TEST(Denied, IsAShareAndTheSameAgain) {
  for (u64 permille : {0, 250, 500, 1000}) {
    int count = 0;
    for (u64 task = 0; task < 100; ++task)
      for (u64 nr = 0; nr < 100; ++nr) count += denied(task, nr, permille);
    EXPECT_NEAR(count, static_cast<double>(permille) * 10, 150);
  }
  EXPECT_FALSE(denied(7, 3, 0));
  EXPECT_TRUE(denied(7, 3, 1000));
  EXPECT_EQ(denied(7, 3, 500), denied(7, 3, 500));
}

TEST(Bounds, NobodyWaitsBehindManyNorWhereHeMayNotRun) {
  EXPECT_TRUE(room_to_stay(true, 3, 4));
  EXPECT_FALSE(room_to_stay(true, 4, 4));
  EXPECT_FALSE(room_to_stay(false, 0, 4));
  EXPECT_FALSE(room_to_stay(true, 0, 0));
}

TEST(Bounds, OneOfSeveralIsOverdueSooner) {
  EXPECT_FALSE(overdue(2000, 2, 2000, 5000));
  EXPECT_TRUE(overdue(2001, 2, 2000, 5000));
  EXPECT_FALSE(overdue(2001, 1, 2000, 5000));
  EXPECT_TRUE(overdue(5001, 1, 2000, 5000));
}

TEST(Bounds, ATaskMovesAsOftenAsItsBucketAllows) {
  // A burst of three at once, then one in each period of 100.
  u64 tokens_at = 0, moved_at = 0;
  int moves = 0;
  for (u64 now = 1000; now < 2000; now += 10) {
    if (!may_move(now, moved_at, 0, tokens_at, 100, 3)) continue;
    ++moves;
    moved_at = now;
    tokens_at = after_move(now, tokens_at, 100);
  }
  EXPECT_EQ(moves, 3 + 9);
  // A full bucket does not help who has just moved.
  EXPECT_FALSE(may_move(5000, 4950, 100, 0, 100, 3));
  EXPECT_TRUE(may_move(5050, 4950, 100, 0, 100, 3));
  EXPECT_TRUE(may_move(50, 0, 100, 0, 100, 3));  // who has never moved
}

TEST(Bounds, InputsOutsideOfTheRangesAreCounted) {
  const mlp::ModelFile file = mlp::random_model(1, MLP_INT8, mlp::kFeatureRanges);
  std::array<u16, MLP_ROW> in{FEATURES_LO};
  EXPECT_EQ(mlp_outside(&file.model, in.data()), 0u);
  in = {FEATURES_HI};
  EXPECT_EQ(mlp_outside(&file.model, in.data()), 0u);
  in[FEATURE_RUN] = 217;
  in[FEATURE_RELATION] = 6;
  EXPECT_EQ(mlp_outside(&file.model, in.data()), 2u);
  in = {FEATURES_LO};
  in[FEATURE_COLD] = 79;
  EXPECT_EQ(mlp_outside(&file.model, in.data()), 1u);
  in[FEATURE_COLD] = 0;  // it never ran
  EXPECT_EQ(mlp_outside(&file.model, in.data()), 0u);
  in.fill(65535);
  EXPECT_EQ(mlp_outside(&file.model, in.data()), 15u);
}

TEST(Features, SayHowFarAndWhereHomeIs) {
  const rusty_ml_cpu a{.core = 1, .cluster = 1, .node = 0, .capacity = 1024};
  rusty_ml_cpu b = a;
  EXPECT_EQ(relation_of(&a, &b, true, true), u32{RELATION_SAME});
  EXPECT_EQ(relation_of(&a, &b, false, true), u32{RELATION_CORE});
  b.core = 2;
  EXPECT_EQ(relation_of(&a, &b, false, true), u32{RELATION_CLUSTER});
  b.cluster = 2;
  EXPECT_EQ(relation_of(&a, &b, false, true), u32{RELATION_LLC});
  EXPECT_EQ(relation_of(&a, &b, false, false), u32{RELATION_NODE});
  b.node = 1;
  EXPECT_EQ(relation_of(&a, &b, false, false), u32{RELATION_REMOTE});
  EXPECT_EQ(home_of(0, 0, 1), u32{HOME_SRC});
  EXPECT_EQ(home_of(1, 0, 1), u32{HOME_DST});
  EXPECT_EQ(home_of(2, 0, 1), u32{HOME_ELSEWHERE});
  EXPECT_EQ(home_of(1, 1, 1), u32{HOME_NO_MATTER});
  EXPECT_EQ(home_of(RUSTY_ML_NOWHERE, 0, 1), u32{HOME_NO_MATTER});
}

TEST(Features, OfATaskAreThoseOfTheEncoding) {
  rusty_ml_task task{};
  task.weight = 100;
  task.avg_run = 1 << 20;
  task.avg_awake = 3;
  task.avg_blocked = 1;
  task.stopped_at = 1000;
  std::array<u16, MLP_ROW> in{};
  describe_task(&task, 1000 + 1024, in.data());
  EXPECT_EQ(in[FEATURE_WEIGHT], 52);
  EXPECT_EQ(in[FEATURE_RUN], 160);
  EXPECT_EQ(in[FEATURE_SLEEP], 63);
  EXPECT_EQ(in[FEATURE_COLD], 80);
  task.stopped_at = 0;  // it never ran
  describe_task(&task, 5000, in.data());
  EXPECT_EQ(in[FEATURE_COLD], 0);
}

}  // namespace
}  // namespace simsched::rusty_ml

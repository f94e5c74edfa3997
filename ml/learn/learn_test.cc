// Nets, trees and what comes before them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <cstring>

#include "base/error.h"
#include "ml/data/testing.h"
#include "ml/learn/exact_math.h"
#include "ml/learn/folds.h"
#include "ml/learn/linear.h"
#include "ml/learn/net.h"
#include "ml/learn/quantise.h"
#include "ml/learn/score.h"
#include "ml/learn/smote.h"
#include "ml/learn/tree.h"

namespace simsched::ml {
namespace {

using ::testing::HasSubstr;
using testing::some_decisions;

constexpr std::array<bool, FEATURES> kAll{};

std::string refusal(const std::function<void()>& act) {
  try {
    act();
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

template <class Logit>
Score score_on(const Dataset& data, const Logit& logit) {
  return score(
      data.rows(), [&](size_t i) { return data.moves[i] != 0; }, [&](size_t i) { return logit(i) > 0; });
}
Score score_of(const Net& net, const Scaling& scaling, const Dataset& data) {
  const Vector z = net.logits(make_examples(data, scaling, Weights::kNone).x);
  return score_on(data, [&](size_t i) { return z(static_cast<Eigen::Index>(i)); });
}
Net fit(const Dataset& data, const Scaling& scaling, const NetShape& shape, FitOptions options = {}, int epochs = 60) {
  if (options.learning_rate == 0.001) options.learning_rate = 0.01;
  const int limits[] = {epochs};
  return fit_net(make_examples(data, scaling, Weights::kNone), shape, options, limits).front();
}

TEST(ExactMath, IsNearTheLibrarys) {
  for (float x = -20; x <= 20; x += 0.01f) {
    EXPECT_NEAR(exp_of(x) / std::exp(x), 1, 1e-6);
    EXPECT_NEAR(tanh_of(x), std::tanh(x), 2e-7);
    EXPECT_NEAR(sigmoid_of(x), 1 / (1 + std::exp(-x)), 2e-7);
  }
  for (double x : {1e-300, 1e-9, 0.3, 0.5, 1.0, 2.0, 3.14, 65536.0, 1e300})
    EXPECT_NEAR(exact_log(x), std::log(x), 1e-12);
  EXPECT_GT(exp_of(1e30f), 1e30f);
  EXPECT_TRUE(std::isfinite(exp_of(1e30f)));
  EXPECT_EQ(sigmoid_of(-1e30f), sigmoid_of(-80));
}

TEST(ScoreOf, IsThatOfTheTextbook) {
  const int right[] = {1, 1, 1, 0, 0, 0, 0, 0}, said[] = {1, 1, 0, 1, 0, 0, 0, 0};
  const Score s = score(
      8, [&](size_t i) { return right[i] != 0; }, [&](size_t i) { return said[i] != 0; });
  EXPECT_DOUBLE_EQ(s.accuracy, 0.75);
  EXPECT_DOUBLE_EQ(s.f1, 2.0 / 3);  // precision and recall are
  EXPECT_EQ(score(
                8, [](size_t) { return false; }, [](size_t) { return false; })
                .f1,
            0);
}

TEST(Scaling, MinMaxEndsAtZeroAndOneZScoreHasMeanZero) {
  Dataset data = some_decisions(500);
  Scaling minmax = fit_scaling(data, ScalingKind::kMinMax, kAll), log = fit_scaling(data, ScalingKind::kLog, kAll);
  const Scaling zscore = fit_scaling(data, ScalingKind::kZScore, kAll);
  for (size_t f = 0; f < FEATURES; ++f) {
    const auto [lo, hi] = std::ranges::minmax(data.inputs[f]);
    for (const Scaling& scaling : {minmax, log}) {
      EXPECT_EQ(scaling(f, lo), 0);
      EXPECT_NEAR(scaling(f, hi), 1, 1e-6);
      EXPECT_EQ(scaling(f, 65535), scaling(f, hi));  // beyond what was seen
    }
    double sum = 0, squares = 0;
    for (uint16_t v : data.inputs[f]) sum += zscore(f, v), squares += zscore(f, v) * zscore(f, v);
    EXPECT_NEAR(sum / 500, 0, 1e-3);
    EXPECT_NEAR(squares / 500, 1, 1e-3);
  }
}

TEST(Learnable, IsNotWhatIsEmptyOrConstantOrOfOneClass) {
  const Dataset data = some_decisions(100);
  check_learnable(data, kAll, "x");
  EXPECT_THAT(refusal([] { check_learnable({}, kAll, "c.yaml:1"); }), HasSubstr("c.yaml:1: the dataset is empty"));
  Dataset same = data;
  std::ranges::fill(same.inputs[FEATURE_DISTANCE], 7);
  std::ranges::fill(same.inputs[FEATURE_HOME], 0);
  EXPECT_THAT(
      refusal([&] { check_learnable(same, kAll, "c.yaml:1"); }),
      HasSubstr("input 'distance' is the same in all decisions; collect from runs in which it differs, or leave "
                "out what does not: 'without: [distance, home]'"));
  std::array<bool, FEATURES> without{};
  without[FEATURE_DISTANCE] = without[FEATURE_HOME] = true;
  check_learnable(same, without, "x");
  for (uint8_t label : {uint8_t{0}, uint8_t{1}}) {
    Dataset one = data;
    std::ranges::fill(one.moves, label);
    EXPECT_THAT(refusal([&] { check_learnable(one, kAll, "x"); }),
                HasSubstr(label ? "all decisions are to move" : "all decisions are to stay"));
  }
}

// ---- folds ----

TEST(Folds, PlainOnesAreAlikeInSizeAndClasses) {
  const Dataset data = some_decisions(1003);
  const std::vector<uint8_t> folds = make_folds(data, FoldsBy::kPlain, 5, 1, "x");
  std::array<std::array<int, 2>, 5> counts{};
  for (size_t i = 0; i < data.rows(); ++i) ++counts[folds[i]][data.moves[i]];
  for (const auto& count : counts)
    for (size_t label : {0, 1}) EXPECT_LE(std::abs(count[label] - counts[0][label]), 1);
  EXPECT_NE(folds, make_folds(data, FoldsBy::kPlain, 5, 2, "x"));
}

TEST(Folds, GroupedOnesShareNoRunWhateverItsPolicy) {
  Dataset data = some_decisions(1000, 1, 12);
  for (size_t g = 6; g < 12; ++g) {  // the same runs under another policy
    data.origins[g] = data.origins[g - 6];
    data.origins[g].policy = "cfs";
  }
  const std::vector<uint8_t> folds = make_folds(data, FoldsBy::kGrouped, 3, 1, "x");
  std::array<int, 6> fold_of;
  fold_of.fill(-1);
  std::array<int, 3> sizes{};
  for (size_t i = 0; i < data.rows(); ++i) {
    int& fold = fold_of[data.origin[i] % 6];
    if (fold < 0) fold = folds[i];
    ASSERT_EQ(fold, folds[i]);
    ++sizes[folds[i]];
  }
  for (int size : sizes) EXPECT_GT(size, 200);
  EXPECT_THAT(
      refusal([&] { make_folds(data, FoldsBy::kGrouped, 7, 1, "c.yaml:2"); }),
      HasSubstr("c.yaml:2: the decisions are of 6 recordings, machines and seeds, which are fewer than 7 folds"));
}

TEST(Folds, WhatIsTestedOnIsNotLearned) {
  const Dataset data = some_decisions(200);
  const std::vector<uint8_t> folds = make_folds(data, FoldsBy::kPlain, 4, 1, "x");
  size_t tested = 0;
  for (int f = 0; f < 4; ++f) {
    const Fold fold = make_fold(data, folds, f);
    EXPECT_EQ(fold.training.rows() + fold.test.rows(), data.rows());
    for (size_t t = 0; t < fold.test.rows(); ++t)
      for (size_t i = 0; i < fold.training.rows(); ++i) ASSERT_NE(fold.test.row(t), fold.training.row(i));
    tested += fold.test.rows();
  }
  EXPECT_EQ(tested, data.rows());
}

// ---- SMOTE ----

TEST(Smote, FillsTheRarerClassWithWhatLiesBetweenNeighbours) {
  const Dataset data = some_decisions(2000);
  const auto [stay, move] = data.count();
  ASSERT_LT(move, stay);
  const Dataset more = smote(data, 1);
  EXPECT_EQ(more.count(), (std::array<size_t, 2>{stay, stay}));
  for (size_t i = 0; i < data.rows(); ++i) ASSERT_EQ(more.row(i), data.row(i));
  EXPECT_EQ(more, smote(data, 1));
  EXPECT_NE(more, smote(data, 2));
  for (size_t i = data.rows(); i < more.rows(); ++i) {
    ASSERT_EQ(more.moves[i], 1);
    ASSERT_LE(more.inputs[FEATURE_HOME][i], 3);
    ASSERT_LE(more.inputs[FEATURE_SITE][i], 3);
    // The rule of the data holds between neighbours of its kind, mostly.
    ASSERT_LE(more.inputs[FEATURE_RELATION][i], 5);
  }
}

// The search in a tree finds what a look at all would.
TEST(Smote, NeighboursAreTheNearest) {
  // Moving decisions lie in pairs, far from each other: whatever is made of them lies within a pair.
  Dataset data = some_decisions(0);
  mlp::Features f{};
  for (uint16_t pair = 0; pair < 300; ++pair) {
    for (uint16_t copy = 0; copy < kNeighbours + 1; ++copy) {
      f[FEATURE_RUN] = static_cast<uint16_t>(pair * 100 + copy);
      f[FEATURE_COLD] = static_cast<uint16_t>(pair % 7 * 100 + copy);
      f[FEATURE_HOME] = pair % 4;
      data.add(f, true, 0);
    }
  }
  for (int i = 0; i < 6000; ++i) data.add(f, false, 0);
  const Dataset more = smote(data, 3);
  for (size_t i = data.rows(); i < more.rows(); ++i) {
    const int run = more.inputs[FEATURE_RUN][i], pair = run / 100;
    ASSERT_LE(run % 100, static_cast<int>(kNeighbours));
    ASSERT_EQ(more.inputs[FEATURE_COLD][i] / 100, pair % 7);
    ASSERT_EQ(more.inputs[FEATURE_HOME][i], pair % 4);
  }
}

TEST(Smote, NamesAreNotBetweenNames) {
  // Of the moving decisions home is 0 or 3: never 1 or 2, which lie between.
  Dataset data = some_decisions(0);
  Rng rng(1);
  for (int i = 0; i < 400; ++i) {
    mlp::Features f{};
    f[FEATURE_RUN] = static_cast<uint16_t>(rng.below(200));
    f[FEATURE_HOME] = rng.below(2) ? 3 : 0;
    data.add(f, i < 100, 0);
  }
  const Dataset more = smote(data, 1);
  for (size_t i = data.rows(); i < more.rows(); ++i) EXPECT_EQ(more.inputs[FEATURE_HOME][i] % 3, 0);
}

TEST(Smote, AClassOfOneIsRepeatedAndManyAlikeAreNoTrouble) {
  Dataset data = some_decisions(0);
  for (int i = 0; i < 50; ++i) data.add(mlp::Features{}, i == 0, 0);
  EXPECT_EQ(smote(data, 1).count(), (std::array<size_t, 2>{49, 49}));
  Dataset alike = some_decisions(0);
  for (int i = 0; i < 30000; ++i) alike.add(mlp::Features{}, i < 10000, 0);
  EXPECT_EQ(smote(alike, 1).rows(), 40000u);
}

// ---- learners ----

class Learners : public ::testing::Test {
 protected:
  const Dataset training = some_decisions(6000, 1), test = some_decisions(3000, 2);
  const Scaling scaling = fit_scaling(training, ScalingKind::kMinMax, kAll);
};

TEST_F(Learners, NetsLearnTheRule) {
  // One of 16 decisions is against it: no more than 0.9375 can be right.
  EXPECT_GT(score_of(fit(training, scaling, {{16}}), scaling, test).accuracy, 0.90);
  EXPECT_GT(score_of(fit(training, scaling, {{10, 5}}), scaling, test).accuracy, 0.90);
  EXPECT_GT(score_of(fit(training, scaling, {{10}, Activation::kTanh}), scaling, test).accuracy, 0.90);
  const Scaling zscore = fit_scaling(training, ScalingKind::kZScore, kAll);
  EXPECT_GT(score_of(fit(training, zscore, {{16}}), zscore, test).accuracy, 0.90);
}

TEST_F(Learners, StraightLinesLearnLessOfIt) {
  FitOptions svm;
  svm.loss = Loss::kSquaredHinge;
  const double lines[] = {
      score_of(fit(training, scaling, {}), scaling, test).accuracy,
      score_of(fit(training, scaling, {}, svm), scaling, test).accuracy,
      score_of(fit_least_squares(make_examples(training, scaling, Weights::kNone)), scaling, test).accuracy};
  for (double line : lines) {
    EXPECT_GT(line, 0.80);
    EXPECT_LT(line, 0.90);
  }
}

TEST_F(Learners, TreesLearnIt) {
  TreeOptions options;
  auto tested = [&](const auto& trees) {
    return score_on(test, [&](size_t i) { return trees.share(test.row(i)) - 0.5f; }).accuracy;
  };
  const DecisionTree deep = fit_tree(training, options, 1);
  EXPECT_GT(tested(deep), 0.85);
  EXPECT_LE(deep.depth(), 12);
  EXPECT_GT(tested(fit_forest(training, options, 20, 1)), 0.89);
  options.depth = 4;
  const DecisionTree shallow = fit_tree(training, options, 1);
  EXPECT_EQ(shallow.depth(), 4);
  EXPECT_GT(tested(shallow), 0.84);
  options.without[FEATURE_COLD] = true;
  for (const DecisionTree::Node& node : fit_tree(training, options, 1).nodes)
    EXPECT_TRUE(node.below == 0 || node.input != FEATURE_COLD);
}

// A tree parts at the exact value, on either side of it.
TEST(Tree, PartsWhereTheClassesDo) {
  Dataset data = some_decisions(0);
  for (uint16_t v = 0; v < 400; ++v) {
    mlp::Features f{};
    f[FEATURE_RUN] = static_cast<uint16_t>(v * 10);
    data.add(f, v >= 123, 0);
  }
  const DecisionTree tree = fit_tree(data, {}, 1);
  ASSERT_EQ(tree.nodes.size(), 3u);
  EXPECT_EQ(tree.nodes[0].input, FEATURE_RUN);
  EXPECT_EQ(tree.nodes[0].threshold, 1230);
}

TEST_F(Learners, TheSameSeedGivesTheSameBits) {
  auto bits = [&](uint64_t seed, NetShape shape) {
    FitOptions options;
    options.seed = seed;
    const Net net = fit(training, scaling, shape, options, 5);
    uint32_t crc = 0;
    for (const Matrix& layer : net.layers)
      crc = crc * 31 + mlp::crc32(std::as_bytes(std::span(layer.data(), static_cast<size_t>(layer.size()))));
    return crc;
  };
  EXPECT_EQ(bits(1, {{10, 5}}), bits(1, {{10, 5}}));
  EXPECT_NE(bits(1, {{10, 5}}), bits(2, {{10, 5}}));
  // On any computer, and from any compiler.
  EXPECT_EQ(bits(1, {{16}}), 789150305u);
  EXPECT_EQ(bits(1, {{10, 5}, Activation::kTanh}), 773236206u);
}

TEST_F(Learners, FewerEpochsAreTheBeginningOfMore) {
  const Examples examples = make_examples(training, scaling, Weights::kNone);
  const int both[] = {3, 9}, few[] = {3};
  const std::vector<Net> nets = fit_net(examples, {{8}}, {}, both);
  const Net early = fit_net(examples, {{8}}, {}, few).front();
  EXPECT_EQ(nets[0].layers[0], early.layers[0]);
  EXPECT_NE(nets[0].layers[0], nets[1].layers[0]);
}

TEST_F(Learners, ItEndsWhenItGetsNoBetter) {
  FitOptions options;
  options.patience = 2;
  options.least_gain = 1;  // never
  const Examples examples = make_examples(training, scaling, Weights::kNone);
  const int epochs[] = {2, 5000};
  const std::vector<Net> nets = fit_net(examples, {{4}}, options, epochs);
  EXPECT_EQ(nets.size(), 2u);  // in no time
}

// Who is wrong where it matters little, and right where it matters much, has learned what counts.
TEST_F(Learners, OutcomesWeighWhatDecisionsWereWorth) {
  Dataset data = training;
  for (size_t i = 0; i < data.rows(); ++i) data.outcome.push_back(data.inputs[FEATURE_RELATION][i] > 2 ? 0.5f : -0.01f);
  const Examples examples = make_examples(data, scaling, Weights::kOutcomes);
  double sum = 0;
  for (Eigen::Index i = 0; i < examples.size(); ++i) {
    EXPECT_LE(examples.weight(i), 4);
    sum += static_cast<double>(examples.weight(i));
  }
  EXPECT_GT(sum / static_cast<double>(data.rows()), 0.5);
  EXPECT_LE(sum / static_cast<double>(data.rows()), 1.001);
  // What is worth nothing is not learned from: with those that matter turned round, their answer counts.
  Dataset turned = data;
  for (size_t i = 0; i < turned.rows(); ++i)
    if (turned.outcome[i] < 0) turned.moves[i] ^= 1;
  size_t all = 0;
  auto right = [&](Weights weights) {
    const int epochs[] = {20};
    const Vector z = fit_net(make_examples(turned, scaling, weights), {}, {}, epochs).front().logits(examples.x);
    size_t count = all = 0;
    for (size_t i = 0; i < data.rows(); ++i) {
      if (data.outcome[i] < 0) continue;
      ++all;
      count += (z(static_cast<Eigen::Index>(i)) > 0) == (data.moves[i] != 0);
    }
    return count;
  };
  const size_t alike = right(Weights::kNone), weighed = right(Weights::kOutcomes);
  EXPECT_GT(weighed, alike + all / 10);
}

TEST_F(Learners, ClassWeightsMakeTheRarerOneMoreLikely) {
  const Examples plain = make_examples(training, scaling, Weights::kNone),
                 weighted = make_examples(training, scaling, Weights::kClasses);
  const int epochs[] = {20};
  auto moves = [&](const Examples& examples) {
    const Vector z = fit_net(examples, {}, {}, epochs).front().logits(examples.x);
    return (z.array() > 0).count();
  };
  EXPECT_GT(moves(weighted), moves(plain) * 5 / 4);
}

// ---- integers ----

TEST_F(Learners, InIntegersFewDecisionsFlip) {
  for (ScalingKind kind : {ScalingKind::kMinMax, ScalingKind::kZScore}) {
    const Scaling scale = fit_scaling(training, kind, kAll);
    for (const NetShape& shape : {NetShape{{16}}, NetShape{{5}}, NetShape{}}) {
      const Net net = fit(training, scale, shape, {}, 20);
      const Vector z = net.logits(make_examples(test, scale, Weights::kNone).x);
      const auto int8 = quantise(net, scale, training, {mlp::MLP_INT8}),
                 q21 = quantise(net, scale, training, {mlp::MLP_Q21});
      EXPECT_LE(flips(q21, test, z), 1u);
      EXPECT_LE(flips(int8, test, z), test.rows() * 3 / 100);
      EXPECT_EQ(int8.encoding, FEATURES_ENCODING);
      // A file takes them.
      for (const mlp::mlp_model& model : {int8, q21}) {
        const auto bytes = model_bytes(complete(model, 1), "x");
        EXPECT_EQ(mlp::parse_model(bytes, "x").golden.size(), 64u);
      }
    }
  }
}

TEST_F(Learners, InIntegersALeafIsTheLeafItWas) {
  TreeOptions options;
  options.depth = 4;
  for (size_t rows : {3000, 40}) {  // a full tree, and one that ends higher
    Dataset few = training;
    few.moves.resize(rows);
    few.origin.resize(rows);
    for (auto& column : few.inputs) column.resize(rows);
    const DecisionTree tree = fit_tree(few, options, 1);
    const mlp::mlp_model model = quantise(tree, {});
    for (size_t i = 0; i < test.rows(); ++i) {
      const float share = tree.share(test.row(i));
      if (std::abs(share - 0.5f) <= 0.02f) continue;  // the odds of few are drawn to even ones
      ASSERT_EQ(mlp::logit(model, test.row(i)) > 0, share > 0.5f);
    }
    EXPECT_NO_THROW(model_bytes(complete(model, 1), "x"));
  }
}

TEST_F(Learners, LargeWeightsAreMadeToFit) {
  Net net = fit(training, scaling, {{4}}, {}, 20);
  net.layers[0].row(0) *= 1000;
  net.layers[1](0, 0) /= 1000;
  net.layers[0].row(1) /= 1000;
  net.layers[1](0, 1) *= 1000;
  const Vector z = net.logits(make_examples(test, scaling, Weights::kNone).x);
  EXPECT_LE(flips(quantise(net, scaling, training, {mlp::MLP_Q21}), test, z), 5u);
  EXPECT_LE(flips(quantise(net, scaling, training, {mlp::MLP_INT8}), test, z), test.rows() * 3 / 100);
}

TEST_F(Learners, TheSurerAModelMustBeTheMoreItLeavesOpen) {
  const Net net = fit(training, scaling, {{16}}, {}, 30);
  double before = -1;
  for (double confidence : {0.0, 0.5, 0.9}) {
    const auto model = quantise(net, scaling, training, {mlp::MLP_INT8, confidence});
    double open = 0, expected = 0;
    const Vector z = net.logits(make_examples(test, scaling, Weights::kNone).x);
    for (size_t i = 0; i < test.rows(); ++i) {
      open += mlp::mlp_verdict_of(mlp::logit(model, test.row(i)), model.tau) == mlp::MLP_UNSURE;
      const double p = 1 / (1 + std::exp(-static_cast<double>(z(static_cast<Eigen::Index>(i)))));
      expected += std::abs(2 * p - 1) < confidence;
    }
    EXPECT_GT(open, before);
    EXPECT_NEAR(open / static_cast<double>(test.rows()), expected / static_cast<double>(test.rows()), 0.03);
    before = open;
  }
}

TEST(Fixed, SaysWhyItCannot) {
  Scaling minmax, log;
  log.kind = ScalingKind::kLog;
  EXPECT_EQ(why_not_fixed({{16}}, minmax), "");
  EXPECT_EQ(why_not_fixed({}, minmax), "");
  EXPECT_THAT(why_not_fixed({{17}}, minmax), HasSubstr("16"));
  EXPECT_THAT(why_not_fixed({{8, 4}}, minmax), HasSubstr("two"));
  EXPECT_THAT(why_not_fixed({{8}, Activation::kTanh}, minmax), HasSubstr("ReLU"));
  EXPECT_THAT(why_not_fixed({{8}}, log), HasSubstr("logarithms"));
}

}  // namespace
}  // namespace simsched::ml

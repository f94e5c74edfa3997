#include "ml/learn/train.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "base/error.h"
#include "base/files.h"
#include "base/temporary_folder.h"
#include "ml/data/dataset_file.h"
#include "ml/data/testing.h"

namespace simsched::ml {
namespace {

using ::testing::HasSubstr;
using testing::some_decisions;

class Train : public ::testing::Test {
 protected:
  Train() { write_file_atomically(path("d.sdat"), dataset_bytes(some_decisions(1200))); }
  std::string path(const std::string& name) const { return folder.file(name); }
  TrainConfig parse(const std::string& text) const {
    return parse_train_config("data: d.sdat\n" + text, path("c.yaml"));
  }
  TrainReport run(const std::string& text, int jobs = 1) const {
    const TrainConfig config = parse(text);
    return train(config, read_data(config), true, jobs);
  }
  std::string refusal(const std::function<void()>& act) const {
    try {
      act();
    } catch (const Error& error) {
      return error.what();
    }
    return {};
  }
  std::string config_refusal(const std::string& text) const {
    return refusal([&] { parse(text); });
  }

  const TemporaryFolder folder{"simsched-train"};
  const std::string small =
      "folds: 3\nseed: 7\ngrid: {hidden: [[6], [4, 3]], activation: [relu], learning_rate: [0.01], epochs: [3, 8]}\n"
      "fit: {batch: 64}\n";
};

std::vector<std::byte> bytes_of(const TrainReport& report) { return model_bytes(*report.model, "x"); }

// What is trained in one place is trained in another: a model in integers is the same to the bit.
TEST_F(Train, TheSameBytesFromAnyCompilerAndAnyNumberOfJobs) {
  const std::vector<std::byte> one = bytes_of(run(small, 1));
  EXPECT_EQ(one, bytes_of(run(small, 3)));
  EXPECT_EQ(mlp::crc32(one), 1220178537u);
  EXPECT_EQ(mlp::crc32(bytes_of(run(small + "balance: smote\nmodel: {kind: q21}\n"))), 2511964215u);
  EXPECT_EQ(mlp::crc32(bytes_of(run(small + "scaling: zscore\nmodel: {learner: svm}\n"))), 1351765164u);
  EXPECT_EQ(mlp::crc32(bytes_of(run(small + "balance: weights\nmodel: {learner: tree}\n"))), 414657472u);
}

TEST_F(Train, ReportsEveryPointAndEveryRival) {
  const TrainReport report = run(small);
  EXPECT_EQ(report.rows, 1200u);
  EXPECT_EQ(report.fits, (4u + 6u) * 3 * 2);
  EXPECT_EQ(report.grid.size(), 4u);
  EXPECT_GE(report.learners.size(), 7u);
  for (const Learner& learner : report.learners) {
    ASSERT_EQ(learner.scores.size(), 2u);
    for (const Score& score : learner.scores) EXPECT_GT(score.accuracy, 0.6) << learner.name;
    EXPECT_GT(learner.ns, 0);
    EXPECT_EQ(learner.in_integers, learner.int8_flips.has_value());
  }
  EXPECT_EQ(report.model->model.encoding, FEATURES_ENCODING);
}

// Rows of a run that are like each other: what plain folds know of them leaks.
TEST_F(Train, ALeakShowsBetweenPlainAndGroupedFolds) {
  Rng rng(5);
  Dataset leaky = some_decisions(0, 1, 24);
  for (size_t run = 0; run < 24; ++run) {
    mlp::Features f = some_decisions(1, 100 + run).row(0);
    const bool moves = rng.below(2) != 0;  // of the run, and of nothing else
    for (int i = 0; i < 40; ++i) {
      f[FEATURE_LAG] = static_cast<uint16_t>(rng.below(200));
      leaky.add(f, moves, run);
    }
  }
  TrainConfig config = parse(
      "rivals: [deep_tree]\ngrid: {hidden: [[16]], epochs: [60], learning_rate: [0.01]}\n"
      "without: [distance]\nfit: {batch: 32}\n");
  const TrainReport report = train(config, leaky, false, 2);
  const std::vector<Score>& tree = report.learners.back().scores;
  EXPECT_GT(tree[0].f1, 0.95);
  EXPECT_LT(tree[1].f1, 0.8);
}

TEST_F(Train, TheModelIsWhatWasAskedFor) {
  EXPECT_EQ(run(small + "model: {learner: tree}\n").model->model.kind, static_cast<uint32_t>(mlp::MLP_TREE));
  EXPECT_EQ(run(small + "rivals: []\nmodel: {learner: logistic, kind: q21, version: 9}\n").model->model.version, 9u);
  const TrainReport report = run(small);
  EXPECT_GT(report.fixed.accuracy, 0.7);
}

TEST_F(Train, RefusesWhatCannotBeLearnedOrWritten) {
  auto refused = [&](const std::string& text) { return refusal([&] { run(text); }); };
  EXPECT_THAT(refused(small + "scaling: log\n"), HasSubstr("logarithms"));
  EXPECT_THAT(refused("folds: 3\ngrid: {hidden: [[20], [10, 5]], epochs: [1], learning_rate: [0.01]}\n"),
              HasSubstr("no net of the grid can be a policy's model"));
  EXPECT_THAT(refused(small + "folds_by: [grouped]\nrivals: []\n").size(), 0u);
  EXPECT_THAT(refused("folds: 9\nrivals: []\n"), HasSubstr("fewer than 9 folds"));
  Dataset constant = some_decisions(100);
  std::ranges::fill(constant.inputs[FEATURE_SITE], SITE_STEAL);
  write_file_atomically(path("d.sdat"), dataset_bytes(constant));
  EXPECT_THAT(refused(small), HasSubstr("c.yaml:1: input 'site' is the same in all decisions"));
  write_file_atomically(path("d.sdat"), "SDAT");
  EXPECT_THAT(refused(small), HasSubstr("d.sdat: the dataset is cut off"));
}

TEST_F(Train, NamesTheLineOfABadConfig) {
  for (const auto& [text, message] : {
           std::pair{"balanse: smote", "c.yaml:2: "},
           {"balance: smot", "did you mean 'smote'"},
           {"scaling: 3", "there is no scaling '3'"},
           {"folds: 1", "c.yaml:2: "},
           {"folds: nan", "c.yaml:2: "},
           {"folds_by: [plain, plain]", "given twice"},
           {"without: [lagg]", "did you mean 'lag'"},
           {"without: lag", "without is not a list"},
           {"grid: {hidden: [15]}", "c.yaml:2: the hidden layers are not a list"},
           {"grid: {hidden: [[0]]}", "c.yaml:2: "},
           {"grid: {hidden: [[1, 2, 3]]}", "one or two"},
           {"grid: {hidden: []}", "hidden is not a list of 1 to 64"},
           {"grid: {learning_rate: [nan]}", "a learning rate is 'nan'"},
           {"grid: {learning_rate: [0]}", "a learning rate is '0'"},
           {"grid: {learning_rate: [1e400]}", "a learning rate is"},
           {"grid: {epochs: [100000000000]}", "c.yaml:2: "},
           {"grid: 5", "c.yaml:2: "},
           {"fit: {batch: 0}", "c.yaml:2: "},
           {"fit: {l2: -1}", "l2 is '-1'"},
           {"fit: {held_back: 1}", "held_back is '1'"},
           {"rivals: [forrest]", "did you mean 'forest'"},
           {"model: {learner: forest}", "there is no learner 'forest'"},
           {"model: {confidence: 1}", "confidence is '1'"},
           {"model: {version: 0}", "c.yaml:2: "},
           {"model: net", "c.yaml:2: "},
           {"seed: -1", "c.yaml:2: "},
       })
    EXPECT_THAT(config_refusal(text), HasSubstr(message)) << text;
  EXPECT_THAT(refusal([&] { parse_train_config("folds: 3\n", "c.yaml"); }), HasSubstr("no data are given"));
  EXPECT_THAT(refusal([&] { parse_train_config("data: none.sdat\n", "c.yaml"); }),
              HasSubstr("there is no file none.sdat"));
  EXPECT_THAT(refusal([&] { parse_train_config("[]", "c.yaml"); }), HasSubstr("does not say what to learn"));
}

}  // namespace
}  // namespace simsched::ml

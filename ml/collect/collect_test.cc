#include "ml/collect/collect.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "base/error.h"
#include "experiment/experiment.h"
#include "experiment/policies.h"
#include "ml/data/dataset_file.h"

namespace simsched::ml {
namespace {

using ::testing::HasSubstr;

const PolicyRegistry& registry() {
  static const PolicyRegistry kRegistry = all_policies();
  return kRegistry;
}

// A run of `policy`; `more` are lines of the dataset.
DatasetConfig config(const std::string& machine, const std::string& workload, const std::string& policy,
                     const std::string& more = "") {
  return parse_dataset_config("runs:\n  - {machine: " + machine + ", workload: {" + workload + "}, policies: [" +
                                  policy + "], seeds: 2, duration: 300ms}\n" + more,
                              "d.yaml", registry());
}
std::string refusal(const std::string& text) {
  try {
    collect(parse_dataset_config(text, "d.yaml", registry()), 1);
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}
size_t count(const Dataset& data, const std::function<bool(const mlp::Features&, bool moves)>& of) {
  size_t n = 0;
  for (size_t i = 0; i < data.rows(); ++i) n += of(data.row(i), data.moves[i] != 0);
  return n;
}

const std::string kHackbench = "hackbench: {groups: 2}";

TEST(Collect, WatchingChangesNothing) {
  const DatasetConfig what = config("vm-8c2n", kHackbench, "eevdf");
  const Config& run = what.runs[0];
  const Inputs inputs(run);
  for (const Experiment& experiment : list_experiments(run, inputs)) {
    Collector collector({}, {});
    const RunResult watched = run_experiment(experiment, run, inputs, &collector).result;
    const RunResult unwatched = run_experiment(experiment, run, inputs).result;
    EXPECT_EQ(watched.figures(), unwatched.figures());
    EXPECT_GT(collector.take().rows(), 100u);
  }
}

TEST(Collect, OutcomesAreOfBothAnswersAtDecisionsOfAModel) {
  const std::string outcomes = "outcomes: {every: 5, most: 20, horizon: 5ms}\n";
  const DatasetConfig what = config("vm-8c2n", kHackbench, "rusty_ml", outcomes);
  const Dataset data = collect(what, 1);
  ASSERT_EQ(data.rows(), 40u) << "20 of each of two runs";
  ASSERT_EQ(data.outcome.size(), data.rows());
  EXPECT_EQ(data.origins[0].policy, "rusty_ml");
  for (size_t i = 0; i < data.rows(); ++i) EXPECT_EQ(data.moves[i] != 0, data.outcome[i] > 0);
  EXPECT_GT(count(data, [](const auto& f, bool) { return f[FEATURE_WEIGHT] > 0; }), 30u);
  EXPECT_EQ(dataset_bytes(collect(what, 3)), dataset_bytes(data));
  const std::string run = "runs:\n  - {machine: vm-8c2n, workload: hogs, policies: [eevdf]}\n";
  EXPECT_THAT(refusal(run + outcomes), HasSubstr("d.yaml:2: eevdf asks no model"));
  EXPECT_THAT(refusal(run + "outcomes: {horizon: 1us}\n"), HasSubstr("d.yaml:3"));
  EXPECT_THAT(refusal(run + outcomes + "sites: [wake]\n"), HasSubstr("d.yaml:4: 'sites' does not go with outcomes"));
}

TEST(Collect, OutcomesOfAPolicyThatAsksNoModelOfTheirInputsAreRefusedAtItsLine) {
  const auto of = [](const std::string& policy) {
    return refusal("runs:\n  - machine: vm-8c2n\n    workload: hogs\n    policies:\n      - " + policy +
                   "\noutcomes: {}\n");
  };
  EXPECT_THAT(of("scx_gate"), HasSubstr("d.yaml:5: scx_gate asks a model with inputs of its own"));
  EXPECT_THAT(of("rusty_ml: {gate: \"off\"}"), HasSubstr("d.yaml:5: rusty_ml with 'gate: off' asks no model"));
  EXPECT_THAT(of("rusty_ml: {model: none}"), HasSubstr("d.yaml:5: rusty_ml with 'model: none' asks no model"));
  EXPECT_THAT(of("rusty_ml: {experts: [.]}"), HasSubstr("d.yaml:5: rusty_ml with 'experts' asks several models"));
}

TEST(Collect, TheSameBytesForAnyNumberOfJobs) {
  const DatasetConfig what = config("vm-8c2n", kHackbench, "eevdf, scx_rusty", "rows: {stay: 100, move: 100}\n");
  EXPECT_EQ(dataset_bytes(collect(what, 1)), dataset_bytes(collect(what, 3)));
}

TEST(Collect, EveryPolicyPlacesAndEachDecisionIsAboutTwoCpus) {
  for (const char* policy : {"eevdf", "cfs", "scx_simple", "scx_rusty", "fifo"}) {
    const Dataset data = collect(config("vm-8c2n", "oltp: {connections: 6}", policy), 2);
    EXPECT_EQ(data.origins.size(), 2u);
    EXPECT_EQ(data.origins[1].policy, policy);
    EXPECT_GT(count(data, [](const auto& f, bool) { return f[FEATURE_SITE] == SITE_WAKE; }), 100u) << policy;
    EXPECT_GT(count(data, [](const auto& f, bool) { return f[FEATURE_SITE] == SITE_FORK; }), 4u) << policy;
    EXPECT_EQ(count(data, [](const auto& f, bool) { return f[FEATURE_RELATION] == RELATION_SAME; }), 0u);
    // Inputs lie within what their encoding has.
    EXPECT_EQ(count(data,
                    [](const auto& f, bool) {
                      return f[FEATURE_RELATION] > RELATION_REMOTE || f[FEATURE_HOME] > HOME_ELSEWHERE ||
                             f[FEATURE_SLEEP] > 255;
                    }),
              0u);
    EXPECT_EQ(count(data, [](const auto& f, bool) { return f[FEATURE_WEIGHT] != feature_log(100); }), 0u);
    // Who leaves a node, does so for another one.
    EXPECT_EQ(count(data, [](const auto& f,
                             bool) { return (f[FEATURE_RELATION] == RELATION_REMOTE) != (f[FEATURE_DISTANCE] > 0); }),
              0u);
  }
}

TEST(Collect, BalancingTellsOfTasksThatItLeavesAndThatItTakes) {
  const Dataset data = collect(config("vm-8c2n", kHackbench, "eevdf", "sites: [steal, balance]\n"), 2);
  const auto [stay, move] = data.count();
  EXPECT_GT(stay, 20u);
  EXPECT_GT(move, 20u);
  EXPECT_EQ(count(data, [](const auto& f, bool) { return f[FEATURE_SITE] < SITE_STEAL; }), 0u);
  // The kernel's own rule: what ran less than half a millisecond ago stays more often than what did not.
  auto stays = [&](bool hot) {
    auto is_hot = [](const mlp::Features& f) { return f[FEATURE_COLD] < feature_log(400000); };
    const size_t all = count(data, [&](const auto& f, bool) { return is_hot(f) == hot; });
    const size_t kept = count(data, [&](const auto& f, bool moves) { return is_hot(f) == hot && !moves; });
    return static_cast<double>(kept) / static_cast<double>(all);
  };
  EXPECT_GT(stays(true), stays(false) + 0.1);
  // Somebody waits where it is.
  EXPECT_EQ(count(data, [](const auto& f, bool) { return f[FEATURE_SRC_QUEUE] == 0; }), 0u);
}

TEST(Collect, AQueueIsThatOfACpuOrOfItsCache) {
  auto full = [](const std::string& queues) {
    const Dataset data =
        collect(config("vm-8c2n", "hogs: {tasks: 9, spread: 80%}", "eevdf", "queues: " + queues + "\n"), 1);
    return count(data, [](const auto& f, bool) { return f[FEATURE_SRC_QUEUE] % 16 != 0; });
  };
  EXPECT_EQ(full("cpu"), 0u);  // whole tasks
  EXPECT_GT(full("llc"), 0u);
}

TEST(Collect, ATaskOfOneCpuDecidesNothing) {
  EXPECT_THAT(refusal("runs: [{machine: {cores_per_llc: 1}, workload: {hogs: {}}, policies: [eevdf]}]\n"),
              HasSubstr("d.yaml: nothing was decided"));
}

TEST(Collect, NamesTheLineOfABadConfig) {
  const std::string run = "runs: [{machine: vm-2c, workload: {hogs: {}}, policies: [eevdf]}]\n";
  EXPECT_THAT(refusal("[]"), HasSubstr("does not say what to collect"));
  EXPECT_THAT(refusal("runs: []\n"), HasSubstr("d.yaml:1: runs is not a list"));
  EXPECT_THAT(refusal("run: []\n"), HasSubstr("did you mean 'runs'"));
  EXPECT_THAT(refusal("runs: [none.yaml]\n"), HasSubstr("d.yaml:1: there is no file none.yaml"));
  EXPECT_THAT(refusal("runs:\n  - {machine: vm-3c, workload: {hogs: {}}, policies: [eevdf]}\n"),
              HasSubstr("d.yaml:2: "));
  EXPECT_THAT(refusal(run + "sites: [steel]\n"), HasSubstr("d.yaml:2: there is no site 'steel'; did you mean 'steal'"));
  EXPECT_THAT(refusal(run + "sites: []\n"), HasSubstr("sites is not a list"));
  EXPECT_THAT(refusal(run + "queues: node\n"), HasSubstr("d.yaml:2: queues is 'node'"));
  EXPECT_THAT(refusal(run + "rows: {stay: 0, move: 1}\n"), HasSubstr("d.yaml:2: "));
  EXPECT_THAT(refusal(run + "rows: {stay: 1, move: 99999999999}\n"), HasSubstr("d.yaml:2: "));
  EXPECT_THAT(refusal(run + "rows: {stay: 16000000, move: 1}\n"),
              HasSubstr("d.yaml:2: 16000000 decisions to stay are wanted"));
  EXPECT_THAT(refusal(run + "seed: x\n"), HasSubstr("d.yaml:2: "));
}

}  // namespace
}  // namespace simsched::ml

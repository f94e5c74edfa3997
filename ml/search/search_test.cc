#include "ml/search/search.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/temporary_folder.h"
#include "experiment/policies.h"
#include "ml/search/held_out.h"
#include "ml/search/picture.h"
#include "ml/search/warm_start.h"

namespace simsched::search {
namespace {

using ::testing::HasSubstr;

const std::string kConfig = R"(policy: scx_gate
baselines: [eevdf, scx_simple]
search: {population: 6, generations: 4, scenarios: 2, validate_every: 2, seed: 3}
train:
  - name: builds
    machine: {llcs_per_node: {any: [1, 2]}, cores_per_llc: {from: 1, to: 2}}
    workload: {fork_join: {jobs: {from: 50%, to: 200%, of: cpus}, total: 10, work: {from: 1ms, to: 5ms}}}
  - name: sleepers
    machine: {cores_per_llc: 2}
    workload: {periodic: {tasks: {from: 2, to: 5}, rounds: 10}}
validation:
  scenarios: 2
  families:
    - {name: pairs, machine: {cores_per_llc: 3}, workload: {ping_pong: {pairs: 4, rounds: 20}}}
test:
  scenarios: 3
  families:
    - {name: server, machine: {llcs_per_node: 2, cores_per_llc: 2}, workload: {server: {clients: 6, requests: 10}}}
)";

const PolicyRegistry& registry() {
  static const PolicyRegistry kAll = all_policies();
  return kAll;
}

SearchConfig config(const std::string& text = kConfig) { return parse_search_config(text, "s.yaml", registry()); }

std::string with(std::string text, const std::string& what, const std::string& instead) {
  const size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return text.replace(at, what.size(), instead);
}

// A whole search, in so many steps.
std::string searched(int jobs, int from = 0, const std::string& checkpoint = {}, int to = 5) {
  Search search(config(), registry());
  if (!checkpoint.empty()) search.load_checkpoint(checkpoint, "c");
  for (int i = from; i < to; ++i) EXPECT_TRUE(search.advance(jobs));
  return search.checkpoint();
}

std::string complaint(const std::string& text) {
  try {
    Search search(config(text), registry());
  } catch (const Error& error) {
    return error.what();
  }
  return "none";
}

TEST(Search, IsTheSameWithAnyNumberOfJobs) { EXPECT_TRUE(searched(1) == searched(3)); }

TEST(Search, GoesOnFromACheckpointAsIfNothingHadBeen) {
  const std::string whole = searched(2);
  for (int after : {1, 2, 4}) EXPECT_TRUE(searched(2, after, searched(2, 0, {}, after)) == whole) << after;
}

TEST(Search, AnInterruptedGenerationHasNotBeen) {
  Search search(config(), registry());
  EXPECT_FALSE(search.advance(1, [] { return true; }));
  EXPECT_TRUE(search.archive().members().empty());
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(search.advance(1));
  const std::string before = search.checkpoint();
  for (int after : {0, 3, 10}) {
    int asked = 0;
    EXPECT_FALSE(search.advance(1, [&] { return asked++ >= after; })) << after;
    EXPECT_TRUE(search.checkpoint() == before);
  }
  for (int i = 2; i < 5; ++i) ASSERT_TRUE(search.advance(1));
  EXPECT_TRUE(search.checkpoint() == searched(1));
}

TEST(Search, ItsModelIsTheBestOnValidationAndNeverWorseThanTheFirst) {
  Search search(config(), registry());
  for (int i = 0; i < 5; ++i) search.advance(2);
  EXPECT_EQ(search.generation(), 4);
  const Archived& best = *search.archive().best();
  EXPECT_LE(best.worth.total, 0.5);
  const mlp::ModelFile model = search.model();
  EXPECT_NO_THROW(mlp::parse_model(mlp::model_bytes(model, "m"), "m"));
  const Point again = point_of(model.model, "m");
  for (size_t i = 0; i < again.size(); ++i) EXPECT_NEAR(again[i], std::clamp(best.point[i], -2.0, 2.0), 0.02);
  EXPECT_THAT(search_svg(search), HasSubstr("generation 4"));
  EXPECT_THAT(search.archive_json(), HasSubstr("\"accepted\": true"));
}

TEST(Search, BeginsAtWhatRolloutsSay) {
  const SearchConfig linear = config(kConfig + "model: {kind: linear, start: rollouts}\n");
  Search one(linear, registry()), two(linear, registry());
  ASSERT_TRUE(one.advance(1) && two.advance(3));
  EXPECT_FALSE(one.rollouts().empty());
  const Point begin = fitted(one.rollouts(), linear.shape, linear.start);
  EXPECT_NE(begin, linear.start);
  auto numbers = nlohmann::json::parse(one.checkpoint()).at("optimizer").get<std::vector<double>>();
  numbers.resize(begin.size());  // where it stands comes first
  EXPECT_EQ(numbers, begin);
  ASSERT_TRUE(one.advance(1) && two.advance(3));
  EXPECT_TRUE(one.checkpoint() == two.checkpoint());
}

TEST(Search, TakesNoCheckpointThatIsNotItsOwn) {
  const std::string good = searched(1, 0, {}, 2);
  auto load = [](const std::string& text, const std::string& yaml = kConfig) -> std::string {
    try {
      Search(config(yaml), registry()).load_checkpoint(text, "c");
    } catch (const Error& error) {
      return error.what();
    }
    return "none";
  };
  EXPECT_EQ(load(good), "none");
  EXPECT_EQ(load(good, with(kConfig, "generations: 4", "generations: 9")), "none");
  EXPECT_THAT(load(good, with(kConfig, "seed: 3", "seed: 4")), HasSubstr("another search"));
  EXPECT_THAT(load(good, with(kConfig, "rounds: 20", "rounds: 21")), HasSubstr("another search"));
  for (size_t cut = 0; cut < good.size(); cut += 301) EXPECT_THAT(load(good.substr(0, cut)), HasSubstr("c: is "));
  EXPECT_THAT(load("{}"), HasSubstr("not a checkpoint"));
  EXPECT_THAT(load("[1]"), HasSubstr("not a checkpoint"));
  EXPECT_THAT(load(with(good, "\"generation\": 1", "\"generation\": 2")), HasSubstr("damaged"));
}

TEST(Search, SetsTunablesBesideAModelOrInsteadOfOne) {
  const std::string tunables =
      "tunables: {max_waiting: {from: 0, to: 8, start: 2}, wait_limit: {from: 1ms, to: 16ms, log: true}}\n";
  const SearchConfig both = config(with(kConfig, "scx_gate", "rusty_ml") + "model: {kind: linear}\n" + tunables);
  EXPECT_EQ(both.start.size(), nr_parameters(ModelKind::kLinear) + 2);
  using Values = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(both.values_of(both.start), (Values{{"max_waiting", "2"}, {"wait_limit", "4ms"}}));
  Search search(both, registry());
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(search.advance(2));
  EXPECT_EQ(search.best().size(), both.start.size());

  const SearchConfig alone = config(with(kConfig, "scx_gate", "eevdf") +
                                    "model: none\ntunables: {base_slice_ns: {from: 100us, to: 30000us, log: true}}\n");
  EXPECT_EQ(alone.start.size(), 1u);
  Search one(alone, registry()), two(alone, registry());
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(one.advance(1) && two.advance(3));
  EXPECT_EQ(one.checkpoint(), two.checkpoint());
  EXPECT_THAT(one.archive_json(), HasSubstr("base_slice_ns"));
  EXPECT_NE(alone.values_of({0.0})[0].second, alone.values_of({1.0})[0].second);
}

TEST(Search, TriesTheValuesOfTunablesAtTheStart) {
  const auto of = [](const std::string& tunables) {
    return complaint(with(kConfig, "scx_gate", "rusty_ml") + "tunables:\n  fifo_sched: {any: [false, true]}\n  " +
                     tunables + "\n");
  };
  EXPECT_EQ(of("balancer: {any: [as_coded, off, as_designed, phantom]}"), "none");
  EXPECT_THAT(of("balancer: {any: [as_coded, of, off]}"), HasSubstr("s.yaml:21: 'of' is not a value of balancer"));
  EXPECT_THAT(of("balancer: {any: [of, off]}"), HasSubstr("s.yaml:21: 'of' is not"));
  EXPECT_THAT(of("balancer: {any: [off, of]}"), HasSubstr("s.yaml:21: 'of' is not"));
  EXPECT_THAT(of("perf: {from: 0, to: 1025, start: 7}"), HasSubstr("s.yaml:21: '1025' is not a value of perf"));
  EXPECT_THAT(of("wait_max: {from: 1us, to: 1000us, start: 500us}"), HasSubstr("s.yaml:21: "));
}

TEST(Tuned, GoesFromTheLowestValueToTheHighest) {
  const std::vector<Tuned> tuned = read_tuned(
      YAML::Load("{a: {from: 10, to: 20, start: 15}, b: {from: 1ms, to: 16ms, log: true}, c: {any: [x, y, z]}}"), "f");
  EXPECT_EQ(tuned[0].start, 0.5);
  for (auto [at, a, b, c] : {std::tuple(-1.0, "10", "1ms", "x"),
                             {0.0, "10", "1ms", "x"},
                             {0.5, "15", "4ms", "y"},
                             {1.0, "20", "16ms", "z"},
                             {7.0, "20", "16ms", "z"}}) {
    EXPECT_EQ(tuned[0].value(at), a);
    EXPECT_EQ(tuned[1].value(at), b);
    EXPECT_EQ(tuned[2].value(at), c);
  }
  EXPECT_EQ(tuned[2].value(tuned[2].start), "x");
}

TEST(SearchConfig, EveryMistakeHasItsLine) {
  auto change = [](const std::string& what, const std::string& instead) {
    return complaint(with(kConfig, what, instead));
  };
  EXPECT_THAT(change("scx_gate", "scx_gat"), HasSubstr("s.yaml:1: "));
  EXPECT_THAT(change("policy: scx_gate", "policy: eevdf"), HasSubstr("s.yaml:1: eevdf has no model"));
  EXPECT_THAT(change("scx_gate", "{scx_gate: {model: random}}"), HasSubstr("s.yaml:1: the model is what is searched"));
  EXPECT_THAT(change("scx_gate", "{scx_gate: {max_waiting: many}}"), HasSubstr("s.yaml:"));
  EXPECT_THAT(change("scx_simple", "scx_simpel"), HasSubstr("s.yaml:2: "));
  EXPECT_THAT(change("population: 6", "population: 7"), HasSubstr("s.yaml:3: population is odd"));
  EXPECT_THAT(change("population: 6", "population: 0"), HasSubstr("s.yaml:3: "));
  EXPECT_THAT(change("population: 6", "population: -6"), HasSubstr("s.yaml:3: "));
  EXPECT_THAT(change("seed: 3", "method: cmaes"), HasSubstr("s.yaml:3: "));
  EXPECT_THAT(change("seed: 3", "sigma: 0.3"), HasSubstr("s.yaml:3: sigma is '0.3'; write it in percent"));
  EXPECT_THAT(change("seed: 3", "sigma: nan%"), HasSubstr("s.yaml:3: sigma is 'nan%'"));
  EXPECT_THAT(change("{from: 1, to: 2}", "{from: 2, to: 1}"), HasSubstr("s.yaml:6: "));
  EXPECT_THAT(change("cores_per_llc: {from: 1, to: 2}", "cores: 1"), HasSubstr("s.yaml:6: "));
  EXPECT_THAT(change("fork_join", "fork_joint"), HasSubstr("s.yaml:5: family 'builds': there is no workload"));
  EXPECT_THAT(change("rounds: 10", "round: 10"), HasSubstr("s.yaml:8: family 'sleepers'"));
  EXPECT_THAT(change("name: sleepers", "name: builds"), HasSubstr("s.yaml:8: two families"));
  EXPECT_THAT(change("machine: {cores_per_llc: 3}, ", ""), HasSubstr("s.yaml:14: a family has no 'machine'"));
  EXPECT_THAT(change("rounds: 20", "rounds: 0"), HasSubstr("s.yaml:14: family 'pairs'"));
  EXPECT_THAT(change("clients: 6", "clients: -6"), HasSubstr("s.yaml:18: family 'server'"));
  EXPECT_THAT(change("validation:", "validate:"), HasSubstr("s.yaml:11: a search has no key 'validate'"));
  EXPECT_THAT(change("search:", "controls: [eevdf]\nsearch:"),
              HasSubstr("s.yaml:3: 'eevdf' is a baseline and a control"));
  for (auto [line, wrong] : {std::pair("model: none\n", "s.yaml:19: there is nothing to search"),
                             {"tunables: {max_wating: {from: 1, to: 2}}\n", "did you mean 'max_waiting'"},
                             {"tunables: {max_waiting: 3}\n", "s.yaml:19: 'max_waiting' has no range"},
                             {"tunables: {max_waiting: {from: 3, to: 3}}\n", "s.yaml:19: the range has but one value"},
                             {"tunables: {max_waiting: {from: 0, to: 3, log: true}}\n", "s.yaml:19: no ratio"},
                             {"tunables: {max_waiting: {from: 1, to: 3, start: 4}}\n", "s.yaml:19: start is 4"},
                             {"tunables: {max_waiting: {any: [1]}}\n", "s.yaml:19: 'any' is not a list"},
                             {"tunables: {model: {any: [a, b]}}\n", "s.yaml:19: scx_gate has no tunable 'model'"},
                             {"tunables: [1]\n", "s.yaml:19: tunables is not a mapping"}})
    EXPECT_THAT(complaint(kConfig + line), HasSubstr(wrong)) << line;
  EXPECT_THAT(complaint(""), HasSubstr("s.yaml: is not a search"));
  EXPECT_THAT(complaint("[1]"), HasSubstr("s.yaml: is not a search"));
  EXPECT_THAT(complaint(kConfig + "model: {start: nowhere.smlp}\n"), HasSubstr("s.yaml:19: "));
  EXPECT_THAT(complaint(kConfig + "model: {kind: linear, start: x}\n"), HasSubstr("s.yaml:19: only a net"));
  EXPECT_EQ(complaint(kConfig + "model: {kind: linear}\nobjective: {tail: 0%}\n"), "none");
}

TEST(Archive, HoldsWhatNothingIsBetterThan) {
  Archive archive;
  auto add = [&](double makespan, double migrations, double total) {
    Worth worth;
    worth.makespan = makespan, worth.migrations = migrations, worth.total = total;
    archive.add({1, true, {total}, worth});
  };
  add(1, 1, 1);
  add(2, 2, 2);  // worse in everything
  EXPECT_EQ(archive.members().size(), 1);
  add(0.5, 3, 0.8);
  add(3, 0.5, 1.5);
  EXPECT_EQ(archive.members().size(), 3);
  EXPECT_EQ(archive.best()->point[0], 0.8);
  add(0.4, 0.4, 0.4);  // better in everything
  EXPECT_EQ(archive.members().size(), 1);
  for (int i = 0; i < 500; ++i) add(0.39 - i * 1e-4, 0.5 + i * 1e-4, 0.5 + i * 1e-4);
  EXPECT_EQ(archive.members().size(), Archive::kMost);
  EXPECT_EQ(archive.best()->point[0], 0.4);
}

TEST(HeldOut, IntervalsHoldTheMeanAndShrinkWithTheNumber) {
  std::vector<double> few, many;
  Rng rng(1);
  for (int i = 0; i < 400; ++i) many.push_back(-0.1 + 0.2 * (static_cast<double>(rng.below(1000)) / 1000 - 0.5));
  few.assign(many.begin(), many.begin() + 30);
  const Ratio wide = bootstrap(few, 1), narrow = bootstrap(many, 1);
  for (const Ratio& ratio : {wide, narrow}) {
    EXPECT_LT(ratio.low, ratio.mean);
    EXPECT_GT(ratio.high, ratio.mean);
  }
  EXPECT_NEAR(narrow.mean, 0.905, 0.01);
  EXPECT_NEAR(std::log(narrow.high / narrow.low), 2 * 1.96 * 0.2 / std::sqrt(12 * 400), 0.002);
  EXPECT_GT(wide.high - wide.low, 2.5 * (narrow.high - narrow.low));
}

TEST(HeldOut, PairsRunsOfTheSameScenario) {
  const SearchConfig all = config(kConfig + "controls: [{eevdf: {label: twin}}]\n");
  const TemporaryFolder folder("simsched-search");
  const std::string model = folder.file("m.smlp");
  mlp::write_model(model_of(all.start, all.shape, 4), model);
  const HeldOut result = held_out(all, all.candidate(all.start, model), registry(), 2);
  ASSERT_EQ(result.policies, (std::vector<std::string>{"eevdf", "scx_simple", "twin", "model"}));
  ASSERT_EQ(result.table.size(), 3);
  for (const auto& row : result.table) EXPECT_EQ(row[0], row[2]);
  // A model that leaves everything open makes the policy what it was made of.
  EXPECT_EQ(result.duels[1].opponent, "scx_simple");
  EXPECT_NEAR(result.duels[1].makespan.mean, 1, 0.001);
  EXPECT_FALSE(result.accepted());
  EXPECT_EQ(result.duels[0].makespan.mean, result.duels[2].makespan.mean);
  EXPECT_THAT(held_out_json(result), HasSubstr("simsched-held-out/1"));
  EXPECT_TRUE(held_out(all, all.candidate(all.start, model), registry(), 2, [] { return true; }).table.empty());
}

}  // namespace
}  // namespace simsched::search

#include "sweep/sweep.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "base/error.h"
#include "base/files.h"
#include "base/temporary_folder.h"
#include "experiment/policies.h"
#include "sweep/journal.h"
#include "sweep/npz.h"
#include "sweep/simulate.h"
#include "sweep/yaml_text.h"

namespace simsched {
namespace {

namespace fs = std::filesystem;

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kText = R"(sweep:
  slice: [1ms, 3ms]
  pairs: {from: 1, to: 4, times: 2}
machine: vm-2c
workload: {ping_pong: {pairs: $pairs, rounds: 5}}
policies:
  - cfs
  - eevdf: {base_slice_ns: $slice, label: "slice-${slice}"}
seeds: 2
)";

std::string in_a_line(const YAML::Node& node) { return yaml_in_a_line(node, "s.yaml"); }

std::string message(const std::string& text) {
  try {
    const SweepFile file(text, "s.yaml");
    for (size_t p = 0; p < file.nr_points(); ++p) file.point(p);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

class SweepTest : public ::testing::Test {
 protected:
  Sweep sweep(const std::string& text) {
    const std::string path = folder_.file("s.yaml");
    std::ofstream(path) << text;
    return Sweep(path, registry_, "1");
  }
  static std::set<std::string> keys(const Sweep& sweep) {
    std::set<std::string> keys;
    for (const SweepItem& item : sweep.items()) keys.insert(item.key);
    return keys;
  }
  static std::string replaced(const std::string& old, const std::string& now) {
    std::string text = kText;
    return text.replace(text.find(old), old.size(), now);
  }

  const TemporaryFolder folder_{"sweep-test"};
  const PolicyRegistry registry_ = all_policies();
};

TEST(SweepFile, WhatStandsInPoliciesMultipliesThemAndTheRestTheExperiment) {
  const SweepFile file(kText, "s.yaml");
  ASSERT_EQ(file.nr_points(), 3u);
  EXPECT_THAT(file.values(2), ElementsAre("4"));
  const YAML::Node point = file.point(1);
  EXPECT_EQ(in_a_line(point["workload"]), "{ping_pong: {pairs: 2, rounds: 5}}");
  EXPECT_EQ(in_a_line(point["policies"]),
            "[cfs, {eevdf: {base_slice_ns: 1ms, label: slice-1ms}}, {eevdf: {base_slice_ns: 3ms, label: slice-3ms}}]");
  EXPECT_FALSE(point["sweep"].IsDefined());
}

TEST(SweepFile, TheLastVariableChangesFastestAndValuesMayBeAnything) {
  const SweepFile file(
      "sweep: {load: [{hogs: {tasks: 1}}, {server: {}}], hz: [100, 250]}\n"
      "workload: $load\nkernel: {hz: $hz}\npolicies: [cfs]\n",
      "s.yaml");
  ASSERT_EQ(file.nr_points(), 4u);
  EXPECT_THAT(file.values(1), ElementsAre("{hogs: {tasks: 1}}", "250"));
  EXPECT_EQ(in_a_line(file.point(2)["workload"]), "{server: {}}");
}

TEST(SweepFile, DollarsAndBraces) {
  const SweepFile file("sweep: {j: [2]}\nworkload: {trace: \"$$j-${j}x$j-$\"}\npolicies: [cfs]\n", "s.yaml");
  EXPECT_EQ(in_a_line(file.point(0)["workload"]["trace"]), "$j-2x2-$");
}

TEST(SweepFile, WhatAliasesShareIsSubstitutedOnce) {
  const SweepFile file(
      "sweep: {n: [1, 2], m: [3, 4]}\n"
      "workload: {mix: [&a {hogs: {tasks: $n, work: 5ms}, name: \"$$zz\"}, *a]}\n"
      "kernel: {x: &x \"cost$$n-$n\", y: *x}\n"
      "policies: [&p {cfs: {label: \"$$n\"}}, *p, {eevdf: {label: \"$m$$n\"}}, {eevdf: {label: *x}}]\n",
      "s.yaml");
  const std::string part = "{hogs: {tasks: 2, work: 5ms}, name: \"$zz\"}", policy = "{cfs: {label: \"$n\"}}";
  const YAML::Node point = file.point(1);
  EXPECT_EQ(in_a_line(point["workload"]), "{mix: [" + part + ", " + part + "]}");
  EXPECT_EQ(in_a_line(point["kernel"]), "{x: \"cost$n-2\", y: \"cost$n-2\"}");
  EXPECT_EQ(in_a_line(point["policies"]),
            "[" + policy + ", " + policy +
                ", {eevdf: {label: \"3$n\"}}, {eevdf: {label: \"4$n\"}}, {eevdf: {label: \"cost$n-2\"}}]");
}

TEST(SweepFile, MistakesHaveTheirLine) {
  const std::string rest = "workload: {hogs: {tasks: $n}}\npolicies: [cfs]\n";
  EXPECT_THAT(message("sweep: {n: 3}\n" + rest), HasSubstr("s.yaml:1: the values of n are no list"));
  EXPECT_THAT(message("sweep: {n: []}\n" + rest), HasSubstr("s.yaml:1: "));
  EXPECT_THAT(message("sweep:\n  n: [1, 1]\n" + rest), HasSubstr("s.yaml:2: n is 1 twice"));
  EXPECT_THAT(message("sweep:\n  m: [1]\n  n: [1]\n" + rest), HasSubstr("s.yaml:2: $m stands nowhere"));
  EXPECT_THAT(message("sweep:\n  nn: [1]\n" + rest), HasSubstr("no variable is called 'n'"));
  EXPECT_THAT(message("sweep: [n]\n" + rest), HasSubstr("s.yaml:1: sweep is not a mapping"));
  EXPECT_THAT(message("sweep: {n: {from: 2, to: 1}}\n" + rest), HasSubstr("swap them"));
  EXPECT_THAT(message("sweep: {n: {from: 0, to: 8, times: 2}}\n" + rest), HasSubstr("0 times anything is 0"));
  EXPECT_THAT(message("sweep: {n: {from: 1, to: 8, step: 0}}\n" + rest), HasSubstr("gets nowhere"));
  EXPECT_THAT(message("sweep: {n: {from: 1ms, to: 8us}}\n" + rest), HasSubstr("the same unit"));
  EXPECT_THAT(message("sweep: {n: {from: -1, to: 8}}\n" + rest), HasSubstr("s.yaml:1: from is '-1'"));
  EXPECT_THAT(message("sweep: {n: {from: 1, to: 99999999}}\n" + rest), HasSubstr("more than 10000 values"));
  EXPECT_THAT(message("sweep: {n: &a [*a]}\n" + rest), HasSubstr("too deep"));
  EXPECT_THAT(message("sweep: {n: [[1]]}\nworkload: {trace: x$n}\npolicies: [cfs]\n"), HasSubstr("no single value"));
  EXPECT_THAT(message("- 1\n"), HasSubstr("is not an experiment"));
}

TEST_F(SweepTest, AMistakeInAValueIsSaidWithALine) {
  try {
    sweep(replaced("[1ms, 3ms]", "[1ms, soon]")).check(2);
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("s.yaml:8: "));
    EXPECT_THAT(error.what(), HasSubstr("'soon'"));
  }
}

TEST_F(SweepTest, AKeyChangesWithWhatTheResultFollowsFromAndNothingElse) {
  const Sweep all = sweep(kText);
  EXPECT_EQ(all.items().size(), 3u * 3 * 2);
  const std::set<std::string> before = keys(all);
  EXPECT_EQ(before.size(), all.items().size());
  // Another order, more seeds, other names: what was there is there.
  for (const std::string& text :
       {replaced("seeds: 2", "seeds: 3\nmetrics: [migrations]"), replaced("[1ms, 3ms]", "[5ms, 3ms, 1ms]"),
        replaced("machine: vm-2c", "machines: [desktop-2llc, vm-2c]")}) {
    const std::set<std::string> after = keys(sweep(text));
    EXPECT_TRUE(std::ranges::includes(after, before)) << text;
    EXPECT_GT(after.size(), before.size());
  }
  for (const std::string& text : {replaced("rounds: 5", "rounds: 6"), replaced("seeds: 2", "seeds: 2\nduration: 1s"),
                                  replaced("vm-2c", "desktop-2llc")}) {
    for (const std::string& key : keys(sweep(text))) EXPECT_FALSE(before.contains(key)) << text;
  }
}

TEST_F(SweepTest, AnotherBuildHasOtherKeys) {
  const std::set<std::string> one = keys(sweep(kText)), again = keys(sweep(kText));
  EXPECT_EQ(one, again);
  for (const std::string& key : keys(Sweep(folder_.file("s.yaml"), registry_, "1-b"))) EXPECT_FALSE(one.contains(key));
}

TEST_F(SweepTest, AVariableIsNotCalledAsAColumnOfResults) {
  for (const std::string name : {"machine", "seed", "policy", "makespan_ns", "wake_latency_ns_p99"}) {
    std::string text = replaced("pairs: {from", name + ": {from");
    try {
      sweep(text.replace(text.find("$pairs"), 6, "$" + name));
      FAIL() << name;
    } catch (const Error& error) {
      EXPECT_EQ(error.where(), folder_.file("s.yaml") + ":3");
    }
  }
}

TEST_F(SweepTest, WhatFilesHoldCounts) {
  const std::string machine = folder_.file("m.yaml");
  const std::string text = replaced("machine: vm-2c", "machine: m.yaml");
  std::ofstream(machine) << "preset: vm-2c\n";
  const auto one = keys(sweep(text));
  std::ofstream(machine) << "preset: vm-2c\nname: other\n";
  const auto other = keys(sweep(text));
  std::ofstream(machine) << "preset: vm-2c\n";
  EXPECT_NE(one, other);
  EXPECT_EQ(one, keys(sweep(text)));
}

TEST_F(SweepTest, AFileCountsWhateverItsName) {
  const auto of = [&](const std::string& machine) { return keys(sweep(replaced("machine: vm-2c", machine))); };
  for (const char* name : {"plain", "1", "two words", "m.yaml"}) {
    const std::string machine = "machine: {preset: vm-2c, name: \"" + std::string(name) + "\"}";
    const auto before = of(machine);
    std::ofstream(folder_.file(name)) << "a\n";
    const auto there = of(machine);
    EXPECT_NE(there, before) << name;
    std::ofstream(folder_.file(name)) << "b\n";
    EXPECT_NE(of(machine), there) << name;
  }
}

TEST_F(SweepTest, AnExportedFolderCountsWhateverItsName) {
  const std::string machine = replaced("machine: vm-2c", "machine: {preset: vm-2c, name: winner}");
  fs::create_directories(folder_.file("winner"));
  const auto before = keys(sweep(machine));
  std::ofstream(folder_.file("winner/manifest.json")) << "{}\n";
  std::ofstream(folder_.file("winner/model.bin")) << "a\n";
  const auto exported = keys(sweep(machine));
  EXPECT_NE(exported, before);
  std::ofstream(folder_.file("winner/model.bin")) << "b\n";
  EXPECT_NE(keys(sweep(machine)), exported);
}

TEST_F(SweepTest, BesideARecordingThatCountsWhichIsRead) {
  const std::string text = replaced("machine: vm-2c", "machine: {preset: vm-2c, name: mine.perf.data.zst}");
  std::ofstream(folder_.file("mine.perf.data.zst")) << "a\n";
  auto before = keys(sweep(text));
  for (const char* other :
       {"mine.yaml", "mine.csv", "mine.log", "mine.perf.data", "minerals.costs.yaml", "host.yaml"}) {
    std::ofstream(folder_.file(other)) << "b: 1\n";
    EXPECT_EQ(keys(sweep(text)), before) << other;
  }
  for (const auto& [read, content] : {std::pair("mine.recorded.yaml", "machine: host.yaml\n"),
                                      {"mine.costs.yaml", "b: 1\n"},
                                      {"host.yaml", "hwloc: lstopo.xml\n"},
                                      {"lstopo.xml", "<topology/>\n"},
                                      {"mine.causes", "c\n"}}) {
    std::ofstream(folder_.file(read)) << content;
    const auto after = keys(sweep(text));
    EXPECT_NE(after, before) << read;
    before = after;
  }
}

TEST_F(SweepTest, AFileThatNamesItselfHasAnEnd) {
  std::ofstream(folder_.file("m.yaml")) << "preset: vm-2c\nname: m.yaml\n";
  EXPECT_EQ(keys(sweep(replaced("machine: vm-2c", "machine: m.yaml"))).size(), 18u);
  std::ofstream(folder_.file("bad.yaml")) << "{[";
  EXPECT_EQ(keys(sweep(replaced("machine: vm-2c", "machine: bad.yaml"))).size(), 18u);
}

TEST_F(SweepTest, AJournalBelievesWholeLinesOnly) {
  const Sweep all = sweep(kText);
  const std::string folder = folder_.file("o");
  const SweepItem &first = all.items()[0], &second = all.items()[1];
  {
    Journal journal(folder, "runs.jsonl");
    journal.add(all.run(first));
    journal.add(all.run(second));
    EXPECT_THROW(Journal(folder, "runs.jsonl"), Error) << "another one writes it";
  }
  const std::string path = folder + "/runs.jsonl";
  const std::string whole(read_file(path).text());
  EXPECT_EQ(result_of_record(whole.substr(0, whole.find('\n')), "r").machine, "vm-2c");
  for (size_t cut = 0; cut < whole.size(); cut += 97) {
    write_file_atomically(path, whole.substr(0, cut));
    Journal journal(folder, "runs.jsonl");
    EXPECT_FALSE(journal.has(second.key));
    EXPECT_EQ(journal.has(first.key), cut > whole.find('\n'));
    for (const SweepItem* item : missing_runs(all, journal, {1, 1}))
      if (item == &first || item == &second) journal.add(all.run(*item));
    EXPECT_EQ(journal.record(second.key), all.run(second));
  }
  EXPECT_EQ(read_file(path).text(), whole);
}

TEST_F(SweepTest, ALineOfAJournalThatIsNoRunIsSaidAndNothingIsChanged) {
  const Sweep all = sweep(kText);
  const std::string folder = folder_.file("o"), path = folder + "/runs.jsonl";
  const std::string one = all.run(all.items()[0]) + '\n', two = all.run(all.items()[1]) + '\n';
  fs::create_directories(folder);
  for (const std::string& text : {one + "\n" + two, one + "{}\n" + two, one + two.substr(9) + two + "{\"key"}) {
    write_file_atomically(path, text);
    for (const char* own : {"runs.jsonl", "runs-1-of-2.jsonl"}) {
      try {
        Journal(folder, own);
        FAIL() << text;
      } catch (const Error& error) {
        EXPECT_THAT(error.what(), HasSubstr("runs.jsonl:2: is no run of a sweep; "));
      }
    }
    EXPECT_EQ(read_file(path).text(), text);
    EXPECT_FALSE(fs::exists(folder + "/runs-1-of-2.jsonl"));
  }
}

TEST_F(SweepTest, AJournalThatIsReadOnlyChangesNothing) {
  const Sweep all = sweep(kText);
  const std::string folder = folder_.file("o"), path = folder + "/runs-1-of-2.jsonl";
  EXPECT_FALSE(Journal(folder).has(all.items()[0].key));
  EXPECT_FALSE(fs::exists(folder));
  fs::create_directories(folder);
  const std::string text = all.run(all.items()[0]) + "\n{\"key";
  write_file_atomically(path, text);
  EXPECT_TRUE(Journal(folder).has(all.items()[0].key));
  EXPECT_EQ(read_file(path).text(), text);
  EXPECT_FALSE(fs::exists(folder + "/runs.jsonl"));
}

TEST_F(SweepTest, ShardsShareTheRuns) {
  const Sweep all = sweep(kText);
  const std::string folder = folder_.file("o");
  std::multiset<std::string> seen;
  for (size_t shard = 1; shard <= 4; ++shard) {
    const Journal journal(folder, "x");
    for (const SweepItem* item : missing_runs(all, journal, {shard, 4})) seen.insert(item->key);
  }
  EXPECT_EQ(seen.size(), all.items().size());
  for (size_t shard : {1, 2}) {
    Journal journal(folder, "runs-" + std::to_string(shard) + ".jsonl");
    EXPECT_TRUE(simulate(all, missing_runs(all, journal, {shard, 2}), journal, 2));
  }
  EXPECT_THAT(missing_runs(all, Journal(folder, "runs.jsonl")), IsEmpty());
}

TEST(Npz, NumbersTextAndGaps) {
  Frame frame;
  frame.add({{"n", int64_t{1}}, {"t", std::string("é")}});
  frame.add({{"n", int64_t{-2}}, {"later", int64_t{5}}});
  const std::string bytes = npz_bytes(frame);
  EXPECT_TRUE(bytes.starts_with("PK\3\4"));
  for (const char* name : {"n.npy", "t.npy", "later.npy"}) EXPECT_THAT(bytes, HasSubstr(name));
  EXPECT_EQ(bytes, npz_bytes(frame));
}

}  // namespace
}  // namespace simsched

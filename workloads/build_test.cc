#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.h"
#include "base/exponential.h"
#include "workloads/build_plan.h"
#include "workloads/build_yaml.h"
#include "workloads/ideal_run.h"

namespace simsched {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

// A prologue, two folders of 3 and 1 objects with an archive each, and a link.
const std::string kSmall = R"(format: 1
jobs: 2
kinds:
  probe: {processes: [{name: sh, work: 1ms, do: [1, exec, 9]}]}
  compile:
    object: true
    vfork: true
    processes:
      - {name: sh, work: 2ms, follows: 50, do: [1, exec, 4, vfork 1, join, 1]}
      - {name: cc1, work: {mean: 100ms, quantiles: [20ms, 60ms, 300ms]}, io: {per_1000: 500, time: 1ms}, do: [exec, 1]}
  archive: {vfork: true, processes: [{name: ar, work: 3ms, do: [exec, 1]}]}
  script:
    processes:
      - {name: sh, work: 10ms, do: [exec, 1, loop 8, 1], loop: [30 probe, 10 archive]}
root:
  start: 5ms
  each: 1ms
  end: 1ms
  do:
    - 2 probe
    - then make: {start: 2ms, each: 500us, end: 100us, do: [3 compile, then archive]}
    - make: {start: 2ms, each: 500us, end: 100us, do: [compile, then archive]}
    - then script
background:
  - {name: rcu_preempt, sleep: 12ms, work: 5us, tick: true}
)";

BuildModel small() { return parse_build(kSmall, "b.yaml"); }

std::string with(const std::string& from, const std::string& to) {
  std::string text = kSmall;
  const size_t at = text.find(from);
  return at == std::string::npos ? "" : text.replace(at, from.size(), to);
}

std::string message(const std::string& text) {
  try {
    parse_build(text, "b.yaml");
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(BuildYaml, WhatIsWrittenIsReadAgain) {
  const BuildModel model = small();
  EXPECT_EQ(model.objects(), 4);
  EXPECT_EQ(model.kinds.size(), 4u);
  EXPECT_EQ(model.root.items.size(), 4u);
  EXPECT_TRUE(model.root.items[1].then);
  EXPECT_EQ(parse_build(build_to_yaml(model), "again.yaml"), model);
}

TEST(BuildYaml, ABuildMayBeEmpty) {
  const BuildModel empty = parse_build("format: 1\nkinds: {}\nroot: {}\n", "b.yaml");
  EXPECT_EQ(empty.objects(), 0);
  EXPECT_EQ(parse_build(build_to_yaml(empty), "again.yaml"), empty);
}

TEST(BuildYaml, MistakesAreNamedWithTheirLine) {
  EXPECT_THAT(message(""), StartsWith("b.yaml: is no build"));
  EXPECT_THAT(message("format: 2\n"), StartsWith("b.yaml:1: "));
  EXPECT_THAT(message(with("format: 1\n", "")), HasSubstr("does not say 'format: 1'"));
  EXPECT_THAT(message(with("join, 1]", "jion, 1]")), StartsWith("b.yaml:9: there is no step 'jion'"));
  EXPECT_THAT(message(with("vfork 1", "vfork 0")), HasSubstr("starts one that is not after it"));
  EXPECT_THAT(message(with("vfork 1", "vfork 7")), HasSubstr("starts one that is not after it"));
  EXPECT_THAT(message(with("vfork 1, join", "vfork 1, vfork 1")), HasSubstr("is started twice"));
  EXPECT_THAT(message(with("vfork 1, join", "1")), HasSubstr("is never started"));
  EXPECT_THAT(message(with("join, 1]", "join, join]")),
              StartsWith("b.yaml:5: job 'compile': process 0 (sh) waits for ever"));
  EXPECT_THAT(message(with("join, 1]", "hear, 1]")), HasSubstr("waits for ever"));
  EXPECT_THAT(message(with("time: 1ms}, do: [exec, 1]", "time: 1ms}, do: [1]")), HasSubstr("never execs"));
  EXPECT_THAT(message(with("loop: [30 probe, 10 archive]", "loop: []")), HasSubstr("a loop without jobs"));
  EXPECT_THAT(message(with("30 probe", "30 prob")), HasSubstr("no job before this is called 'prob'"));
  EXPECT_THAT(message(with("30 probe", "30 script")), HasSubstr("no job before this")) << "no loop runs itself";
  EXPECT_THAT(message(with("3 compile", "0 compile")), HasSubstr("is no number of a job"));
  EXPECT_THAT(message(with("3 compile", "99999999999999999999 compile")), HasSubstr("is no number of a job"));
  EXPECT_THAT(message(with("60ms, 300ms", "600ms, 300ms")),
              StartsWith("b.yaml:10: a quantile is below the one before"));
  EXPECT_THAT(message(with("start: 5ms", "start: -5ms")), StartsWith("b.yaml:16: start is '-5ms'"));
  EXPECT_THAT(message(with("tick: true", "tick: often")), HasSubstr("b.yaml:25"));
  EXPECT_THAT(message(with("jobs: 2", "jobs: 0")), StartsWith("b.yaml:2: "));
  EXPECT_THAT(message("format: 1\nkinds: {}\nroot: &a {do: [make: *a]}\n"), HasSubstr("nest more than"));
}

TEST(BuildYaml, ADamagedFileIsABuildOrAnError) {
  Rng rng(1);
  int builds = 0;
  for (int i = 0; i < 2000; ++i) {
    std::string text = kSmall;
    for (uint64_t changes = 1 + rng.below(3); changes > 0; --changes) {
      const size_t at = rng.below(text.size()), length = rng.below(6);
      text.replace(at, length, kSmall, rng.below(kSmall.size()), rng.below(6));
    }
    try {
      const BuildModel model = parse_build(text, "b.yaml");
      EXPECT_EQ(parse_build(build_to_yaml(model), "again.yaml").objects(), model.objects());
      EXPECT_EQ(jobs_of(build_plan(model, model.objects()), model.kinds.size()),
                jobs_of(model.root, model.kinds.size()));
      ++builds;
    } catch (const Error& error) {
      EXPECT_THAT(error.where(), StartsWith("b.yaml")) << error.what();
    }
  }
  EXPECT_GT(builds, 20);
}

TEST(BuildPlan, KeepsWhatIsDoneOnceAndSharesOutTheObjects) {
  const BuildModel model = small();
  for (int64_t objects : {1, 2, 3, 4, 5, 7, 8, 9, 40, 1001}) {
    const std::vector<int64_t> counts = jobs_of(build_plan(model, objects), model.kinds.size());
    EXPECT_EQ(counts[0], 2) << objects;
    EXPECT_EQ(counts[1], objects);
    EXPECT_EQ(counts[3], 1) << objects;
  }
  EXPECT_EQ(build_plan(model, 4), model.root);
  // One folder is left; it comes when the prologue is done, and the end when it is.
  const BuildMake one = build_plan(model, 1);
  ASSERT_EQ(one.items.size(), 3u);
  EXPECT_TRUE(one.items[1].then);
  EXPECT_TRUE(one.items[2].then);
  // The second folder need not wait for the first, so there are ten of it; the first is part of the order of things.
  EXPECT_EQ(jobs_of(build_plan(model, 40), model.kinds.size())[2], 11);
  EXPECT_EQ(tasks_of(model.root, model), 3 + 2 + 4 * 2 + 2 + 41);
}

TEST(Distributions, DrawWhatTheyWereMadeOf) {
  std::vector<int64_t> sample;
  Rng rng(1);
  int64_t sum = 0;
  for (int i = 0; i < 5000; ++i) sum += sample.emplace_back(exponential(1'000'000, rng));
  const Distribution d = Distribution::of(sample);
  EXPECT_EQ(d.mean, sum / 5000);
  EXPECT_EQ(d.quantiles.front(), sample.front());
  EXPECT_EQ(d.quantiles.back(), sample.back());
  int64_t drawn = 0;
  constexpr int kDraws = 10000;
  for (int i = 0; i < kDraws; ++i)
    drawn += d.at(static_cast<uint32_t>((uint64_t{UINT32_MAX} * static_cast<uint64_t>(i)) / kDraws));
  EXPECT_NEAR(static_cast<double>(drawn) / kDraws, static_cast<double>(d.mean), 0.01 * static_cast<double>(d.mean));
  EXPECT_NEAR(static_cast<double>(d.at(1u << 31)), 1e6 * 0.693, 1e5) << "the median";
  std::vector<int64_t> none, one{7}, same{5, 5, 5};
  EXPECT_EQ(Distribution::of(none).at(12345), 0);
  EXPECT_EQ(Distribution::of(one).at(12345), 7);
  EXPECT_EQ(Distribution::of(same).at(UINT32_MAX), 5);
}

}  // namespace
}  // namespace simsched

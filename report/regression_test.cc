#include "report/regression.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/error.h"

namespace simsched {
namespace {

RunResult run(const std::string& policy, uint64_t seed, int64_t makespan, int64_t migrations,
              const std::string& machine = "m") {
  RunResult result;
  result.machine = machine;
  result.policy = policy;
  result.workload = "w";
  result.seed = seed;
  result.metrics = {
      {"makespan_ns", makespan}, {"migrations", migrations}, {"throughput_work_ppm", 1'000'000 - makespan}};
  return result;
}

std::vector<RunResult> runs(std::vector<int64_t> makespans, int64_t migrations = 100) {
  std::vector<RunResult> list;
  for (size_t i = 0; i < makespans.size(); ++i) list.push_back(run("a", i + 1, makespans[i], migrations));
  return list;
}

Change judged(const std::vector<int64_t>& base, const std::vector<int64_t>& now, Tolerance tolerance) {
  const RegressionReport report = compare_results(runs(base), runs(now), std::vector{tolerance}, "f");
  EXPECT_EQ(report.rows.size(), 1u);
  EXPECT_EQ(report.regressed(), report.rows[0].change == Change::kWorse);
  return report.rows[0].change;
}

std::string message(const std::vector<RunResult>& base, const std::vector<RunResult>& now, Tolerance tolerance) {
  try {
    compare_results(base, now, std::vector{tolerance}, "two files");
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(Regression, IsWorseByMoreThanTheTolerance) {
  const Tolerance one{"makespan_ns", 0.01, 0};
  EXPECT_EQ(judged({1000}, {1000}, one), Change::kSame);
  EXPECT_EQ(judged({1000}, {1010}, one), Change::kWithin);
  EXPECT_EQ(judged({1000}, {1011}, one), Change::kWorse);
  EXPECT_EQ(judged({1000}, {980}, one), Change::kBetter);
  EXPECT_EQ(judged({1000}, {1011}, {"makespan_ns", 0.01, 11}), Change::kWithin);
  EXPECT_EQ(judged({0}, {5}, one), Change::kWorse);
}

TEST(Regression, IsNoneOfAnotherWorkload) {
  std::vector<RunResult> other = runs({1000});
  other[0].workload = "other";
  EXPECT_NE(message(runs({1000}), other, {"makespan_ns", 0.01, 0}).find("two files: the workload of a on m"),
            std::string::npos)
      << message(runs({1000}), other, {"makespan_ns", 0.01, 0});
}

TEST(Regression, MoreIsWorseOnlyWhereLessIsBetter) {
  EXPECT_EQ(judged({1000}, {2000}, {"throughput_work_ppm", 0, 10}), Change::kWorse);
  EXPECT_EQ(judged({2000}, {1000}, {"throughput_work_ppm", 0, 10}), Change::kBetter);
}

TEST(Regression, IsNotClaimedWhereSeedsDisagree) {
  const Tolerance one{"makespan_ns", 0.01, 0};
  EXPECT_EQ(judged({1000, 1000, 1000}, {1100, 1101, 1099}, one), Change::kWorse);
  EXPECT_EQ(judged({1000, 1000, 1000}, {1500, 900, 900}, one), Change::kUncertain);
  EXPECT_EQ(judged({1000, 1000, 1000}, {500, 1100, 1100}, one), Change::kUncertain);
}

TEST(Regression, WhatTheSeedDoesCancelsOut) {
  // The seeds differ by a factor; each became 3 % slower.
  EXPECT_EQ(judged({1000, 5000, 9000}, {1030, 5150, 9270}, {"makespan_ns", 0.01, 0}), Change::kWorse);
}

TEST(Regression, FailsForRunsThatAreGoneOrFail) {
  const std::vector<Tolerance> tolerances{{"makespan_ns", 0.5, 0}};
  std::vector<RunResult> base = runs({1000, 1000}), now = runs({1000});
  base.push_back(run("b", 1, 1000, 1));
  RegressionReport report = compare_results(base, now, tolerances, "f");
  EXPECT_TRUE(report.regressed());
  EXPECT_EQ(report.broken, (std::vector<std::string>{"a on m, seed 2: is gone", "b on m: is gone"}));

  now = runs({1000, 10});
  now[1].exit_code = 42;
  now[1].status = "stalled";
  report = compare_results(runs({1000, 1000}), now, tolerances, "f");
  EXPECT_EQ(report.broken, std::vector<std::string>{"a on m, seed 2: stalled"});
  EXPECT_EQ(report.rows[0].change, Change::kSame);  // of what is whole
}

TEST(Regression, FailsForAFigureThatIsGone) {
  std::vector<RunResult> base = runs({1000, 1000});
  for (RunResult& run : base) run.metrics.emplace_back("wake_latency_ns_p50", 5);
  const RegressionReport report =
      compare_results(base, runs({1000, 1000}), std::vector<Tolerance>{{"wake_latency_ns_p50", 0.5, 0}}, "f");
  EXPECT_EQ(report.broken, std::vector<std::string>{"a on m: has no 'wake_latency_ns_p50' any more"});
}

TEST(Regression, TellsWhatIsNew) {
  std::vector<RunResult> now = runs({1000, 1000});
  now.push_back(run("b", 1, 1, 1));
  const RegressionReport report =
      compare_results(runs({1000}), now, std::vector<Tolerance>{{"makespan_ns", 0, 0}}, "f");
  EXPECT_FALSE(report.regressed());
  EXPECT_EQ(report.notes, (std::vector<std::string>{"a on m, seed 2: is new", "b on m: is new"}));
}

TEST(Regression, RefusesWhatCannotBeCompared) {
  EXPECT_EQ(message(runs({1}), runs({1}), {"makespan", 0, 0}),
            "two files: no run has 'makespan'; did you mean 'makespan_ns'?");
  EXPECT_NE(message({}, runs({1}), {"makespan_ns", 0, 0}).find("has no runs"), std::string::npos);
  EXPECT_NE(message({run("b", 1, 1, 1)}, runs({1}), {"makespan_ns", 0, 0}).find("no policy on the same machine"),
            std::string::npos);
  EXPECT_NE(message(runs({1}), {run("a", 1, 1, 1), run("a", 1, 2, 1)}, {"makespan_ns", 0, 0})
                .find("a on m, seed 1 stands twice in one of them"),
            std::string::npos);
}

TEST(Regression, TextsSayWhatIsWorse) {
  std::vector<RunResult> base{run("a|b", 1, 1000, 10, "<m>"), run("a|b", 1, 1000, 10, "n")};
  std::vector<RunResult> now{run("a|b", 1, 3000, 10, "<m>"), run("a|b", 1, 1000, 10, "n")};
  const RegressionReport report =
      compare_results(base, now, std::vector<Tolerance>{{"makespan_ns", 0.02, 0}, {"migrations", 0.02, 0}}, "f");
  EXPECT_EQ(regression_summary(report), "1 of 4 figures are worse");
  EXPECT_EQ(regression_table(report, false),
            "<m>\n\n"
            "policy   metric            base        new   difference   allowed\n"
            "------   -----------   --------   --------   ----------   -------   -----\n"
            "a|b      makespan_ns   1.000 us   3.000 us      +200.0%       2 %   WORSE\n\n");
  EXPECT_NE(regression_markdown(report).find(
                "| <m> | a\\|b | `makespan_ns` | 1.000 us | 3.000 us | +200.0% | 2 % | **WORSE** |"),
            std::string::npos);
  const std::string junit = regression_junit(report);
  EXPECT_NE(junit.find("<testsuites name=\"simsched\" tests=\"4\" failures=\"1\">"), std::string::npos);
  EXPECT_NE(junit.find("<testcase classname=\"&lt;m&gt;.a|b\" name=\"makespan_ns\"><failure message=\"1.000 us became "
                       "3.000 us (+200.0%, allowed 2 %)\"/></testcase>"),
            std::string::npos);
  const auto json = nlohmann::json::parse(regression_json(report));
  EXPECT_EQ(json["figures"].size(), 4u);
  EXPECT_EQ(json["figures"][0]["verdict"], "WORSE");
  EXPECT_EQ(json["regressed"], true);
}

std::string tolerance_error(const std::string& text) {
  try {
    read_tolerances(text, "t.yaml");
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(Tolerances, AreReadWithTheirUnits) {
  const std::vector<Tolerance> list = read_tolerances(
      "metrics:\n  makespan_ns: 1.5%\n  wake_latency_ns_p99: {relative: 15%, absolute: 200us}\n"
      "  migrations: {absolute: 50}\n",
      "t.yaml");
  ASSERT_EQ(list.size(), 3u);
  EXPECT_EQ(list[0].metric, "makespan_ns");
  EXPECT_DOUBLE_EQ(list[0].relative, 0.015);
  EXPECT_DOUBLE_EQ(list[1].absolute, 200'000);
  EXPECT_DOUBLE_EQ(list[2].absolute, 50);
  EXPECT_DOUBLE_EQ(list[2].relative, 0);
}

TEST(Tolerances, SayWhereTheyAreWrong) {
  EXPECT_NE(tolerance_error("metrics:\n  makespan_ns: 1\n").find("t.yaml:2: makespan_ns is '1'"), std::string::npos);
  EXPECT_NE(tolerance_error("metrics:\n  makespan_ns: -1%\n").find("t.yaml:2"), std::string::npos);
  EXPECT_NE(tolerance_error("metrics:\n  makespan_ns: nan%\n").find("t.yaml:2"), std::string::npos);
  EXPECT_NE(tolerance_error("metrics:\n  migrations: {absolute: 5ms}\n").find("absolute is '5ms'"), std::string::npos);
  EXPECT_NE(tolerance_error("metrics:\n  a: 1%\n  a: 2%\n").find("t.yaml:3: 'a' is there twice"), std::string::npos);
  EXPECT_NE(tolerance_error("metrics: []\n").find("has no metrics"), std::string::npos);
  EXPECT_NE(tolerance_error("").find("t.yaml"), std::string::npos);
  EXPECT_NE(tolerance_error("metrik: {}\n").find("metrik"), std::string::npos);
}

}  // namespace
}  // namespace simsched

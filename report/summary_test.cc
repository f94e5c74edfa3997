#include "report/summary.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "report/comparison.h"

namespace simsched {
namespace {

RunResult result(std::string machine, std::string policy, uint64_t seed, int64_t makespan) {
  RunResult made;
  made.machine = std::move(machine);
  made.policy = std::move(policy);
  made.workload = "build";
  made.seed = seed;
  made.metrics = {{"makespan_ns", makespan}, {"migrations", 10}};
  return made;
}

TEST(GroupRuns, KeepsTheOrderOfAppearance) {
  std::vector<RunResult> results = {result("m2", "eevdf", 1, 5), result("m2", "cfs", 1, 6), result("m1", "cfs", 1, 7),
                                    result("m2", "eevdf", 2, 8)};
  auto groups = group_runs(results);
  ASSERT_EQ(groups.size(), 2u);
  EXPECT_EQ(groups[0].machine, "m2");
  ASSERT_EQ(groups[0].policies.size(), 2u);
  EXPECT_EQ(groups[0].policies[0].values("makespan_ns"), (std::vector<double>{5, 8}));
  EXPECT_TRUE(groups[0].policies[0].values("no_such").empty());
}

TEST(MeanEstimate, IsStudentsInterval) {
  EXPECT_FALSE(mean_estimate(std::vector<double>{5}).half_width);
  // n = 3, standard deviation 1, t(2, 0.975) = 4.30265: 4.30265 / sqrt(3).
  Estimate estimate = mean_estimate(std::vector<double>{9, 10, 11});
  EXPECT_DOUBLE_EQ(estimate.mean, 10);
  EXPECT_NEAR(*estimate.half_width, 2.48414, 1e-5);
}

TEST(PercentDifference, IsPaired) {
  // Each seed is 10 slower, however much the seeds differ: no uncertainty.
  auto difference = percent_difference(std::vector<double>{100, 200, 300}, std::vector<double>{110, 210, 310});
  ASSERT_TRUE(difference);
  EXPECT_DOUBLE_EQ(difference->mean, 5);
  EXPECT_NEAR(*difference->half_width, 0, 1e-9);
  EXPECT_FALSE(percent_difference(std::vector<double>{0, 0}, std::vector<double>{1, 2}));
  EXPECT_FALSE(percent_difference(std::vector<double>{1}, std::vector<double>{1, 2}));
  EXPECT_FALSE(percent_difference({}, {}));
}

TEST(ComparisonTables, MarksTheBestAndShowsTheDifference) {
  std::vector<RunResult> results = {result("vm", "eevdf", 1, 1000000), result("vm", "eevdf", 2, 1020000),
                                    result("vm", "cfs", 1, 1100000), result("vm", "cfs", 2, 1120000)};
  EXPECT_EQ(comparison_tables(results, {"makespan_ns", "migrations"}, false),
            "build on vm, 2 seeds\n"
            "\n"
            "policy   makespan                migrations\n"
            "------   --------                ----------\n"
            "eevdf    1.010 ms *                      10\n"
            "cfs      1.110 ms   +9.9% ±0.0           10   0.0% ±0.0\n"
            "\n"
            "* best of its metric by more than chance; differences are to the first policy\n"
            "± half width of the 95 % confidence interval over seeds\n");
}

// Longer is worse, more throughput is better; within its interval a difference is neither.
TEST(ComparisonTables, ColoursFollowWhatIsBetter) {
  const std::string good = "\033[1;32m", bad = "\033[1;31m", dim = "\033[2m";
  auto remark = [](const std::string& metric, std::vector<int64_t> base, std::vector<int64_t> other) {
    std::vector<RunResult> results;
    for (const auto& [policy, values] : {std::pair("a", base), std::pair("b", other)}) {
      for (size_t seed = 0; seed < values.size(); ++seed) {
        results.push_back(result("vm", policy, seed, 0));
        results.back().metrics = {{metric, values[seed]}};
      }
    }
    std::string text = comparison_tables(results, {metric}, true);
    size_t percent = text.rfind("% ±");
    return text.substr(text.rfind("\033[", percent), text.rfind("m", percent) + 1 - text.rfind("\033[", percent));
  };
  EXPECT_EQ(remark("makespan_ns", {1000, 1000}, {1100, 1101}), bad);
  EXPECT_EQ(remark("makespan_ns", {1000, 1000}, {900, 901}), good);
  EXPECT_EQ(remark("throughput_work_ppm", {1000, 1000}, {1100, 1101}), good);
  EXPECT_EQ(remark("throughput_work_ppm", {1000, 1000}, {900, 901}), bad);
  EXPECT_EQ(remark("makespan_ns", {1000, 1000}, {900, 1090}), dim);
  EXPECT_EQ(remark("wakeups", {1000, 1000}, {1100, 1101}), dim);  // neither is better
}

TEST(ComparisonTables, WhoDidLessWinsNothing) {
  std::vector<RunResult> results = {result("vm", "eevdf", 1, 1000000), result("vm", "cfs", 1, 1100000),
                                    result("vm", "hasty", 1, 100000), result("vm", "unfair", 1, 200000),
                                    result("vm", "idle", 1, 300000)};
  results[2].exit_code = 43;
  results[2].status = "error: hasty";
  results[3].metrics.push_back({"tasks_starved", 1});
  results[3].status = "the foreground finished because the background did not run: b[3]";
  results[4].metrics.push_back({"tasks_unfinished", 7});
  const std::string text = comparison_tables(results, {"makespan_ns"}, {});
  EXPECT_NE(text.find("eevdf    1.000 ms *\n"), std::string::npos) << text;
  EXPECT_EQ(std::count(text.begin(), text.end(), '*'), 2) << text;  // and the legend
  EXPECT_NE(text.find("hasty, seed 1: error: hasty\nunfair, seed 1: the foreground finished because the background did "
                      "not run: b[3]\nidle: did not finish 7 of the tasks, which others did\n"),
            std::string::npos)
      << text;
  EXPECT_NE(
      text.find("* best of its metric by more than chance, among those that did all the work and starved nobody;"),
      std::string::npos);
  EXPECT_NE(comparison_tables(results, {"makespan_ns"}, true).find("\033[2m"), std::string::npos);

  results.erase(results.begin() + 1);
  EXPECT_NE(comparison_tables(results, {"makespan_ns"}, {}).find("eevdf    1.000 ms *\n"), std::string::npos)
      << "the only one that did the work is the best";
}

// Where the seeds do not agree, or the same is shown, nobody is best.
TEST(ComparisonTables, NobodyWinsByChance) {
  auto stars = [](std::vector<int64_t> a, std::vector<int64_t> b) {
    std::vector<RunResult> results;
    for (const auto& [policy, values] : {std::pair("a", a), std::pair("b", b)})
      for (size_t seed = 0; seed < values.size(); ++seed) results.push_back(result("vm", policy, seed, values[seed]));
    const std::string text = comparison_tables(results, {"makespan_ns"}, {});
    return std::count(text.begin(), text.end(), '*') - 1;
  };
  EXPECT_EQ(stars({1000000, 1000000}, {1100000, 1101000}), 1);
  EXPECT_EQ(stars({1000000, 1000000}, {1500000, 900000}), 0);
  EXPECT_EQ(stars({100000000}, {100000001}), 0);
  EXPECT_EQ(stars({100000000}, {200000000}), 1);
}

TEST(ComparisonTables, FitTheirTerminal) {
  std::vector<RunResult> results = {result("vm", "eevdf", 1, 1000000), result("vm", "cfs", 1, 1100000)};
  for (RunResult& run : results) run.metrics.push_back({"context_switches", 123456789});
  const std::vector<std::string> metrics = {"makespan_ns", "migrations", "context_switches"};
  const std::string wide = comparison_tables(results, metrics, {}),
                    narrow = comparison_tables(results, metrics, Look(false, 60));
  std::istringstream lines(narrow.substr(0, narrow.find("\n* ")));
  size_t tables = 0;
  for (std::string line; std::getline(lines, line);) {
    EXPECT_LE(display_width(line), 60u) << line;
    tables += line.starts_with("cfs ");
  }
  EXPECT_EQ(tables, 2u) << narrow;
  for (const char* part : {"1.100 ms", "+10.0%", "123,456,789"}) EXPECT_NE(narrow.find(part), std::string::npos);
  EXPECT_EQ(comparison_tables(results, metrics, Look(false, 200)), wide);
}

// Tasks that a core ended (SIGILL) are done soon, and so is what does not wait.
TEST(ComparisonTables, TasksThatWereEndedMakeNobodyFast) {
  std::vector<RunResult> results = {result("vm", "eevdf", 1, 1000000), result("vm", "blind", 1, 100000),
                                    result("vm", "stuck", 1, 200000)};
  results[0].metrics.push_back({"tasks_unfinished", 1});
  results[1].metrics.push_back({"tasks_illegal", 3});
  results[2].metrics.push_back({"waits_let_go", 2});
  const std::string text = comparison_tables(results, {"makespan_ns"}, {});
  EXPECT_NE(text.find("eevdf    1.000 ms *\n"), std::string::npos) << text << "nobody finished all";
  EXPECT_EQ(std::count(text.begin(), text.end(), '*'), 2) << text;  // and the legend
  EXPECT_NE(
      text.find("\nblind: 3 of the tasks came to a core that lacks instructions they need, and were ended (SIGILL)\n"
                "stuck: nothing would have met 2 of the waits any more, which were let go: do not trust it\n"),
      std::string::npos)
      << text;
}

// An open-ended load ends for all by the clock.
TEST(ComparisonTables, WhereNobodyFinishesAllMayWin) {
  std::vector<RunResult> results = {result("vm", "eevdf", 1, 1000000), result("vm", "cfs", 1, 1100000)};
  results[0].metrics.push_back({"tasks_unfinished", 7});
  results[1].metrics.push_back({"tasks_unfinished", 6});
  EXPECT_NE(comparison_tables(results, {"makespan_ns"}, {}).find("eevdf    1.000 ms *\n"), std::string::npos);
}

TEST(ComparisonTables, SaysWhatEndedEarly) {
  std::vector<RunResult> results = {result("vm", "eevdf", 7, 1)};
  results[0].status = "stall: make[12] was runnable for 30 s";
  std::string text = comparison_tables(results, {"makespan_ns", "no_such_metric"}, false);
  EXPECT_NE(text.find("eevdf, seed 7: stall: make[12]"), std::string::npos) << text;
  EXPECT_EQ(text.find("±"), std::string::npos) << text;
}

}  // namespace
}  // namespace simsched

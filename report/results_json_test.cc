#include "report/results_json.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "report/csv.h"

namespace simsched {
namespace {

RunResult example() {
  RunResult result;
  result.machine = "vm-2c";
  result.policy = "eevdf, \"long\"";
  result.workload = "build";
  result.seed = 3;
  result.metrics = {{"makespan_ns", 123456789012}, {"migrations", 42}};
  result.task_time = {{"work_ns", 7}, {"lifetime_ns", 9}};
  result.cpu_time = {{"idle_ns", 5}};
  result.cpu_busy_ns = {1, 2};
  return result;
}

std::string message(const std::string& text) {
  try {
    results_from_json(text, "r.json");
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(ResultsJson, ReadsWhatItWrote) {
  std::vector<RunResult> results = {example(), example()};
  results[1].status = "stall";
  results[1].exit_code = 42;
  std::string text = results_to_json(results, "0.1.0");
  auto back = results_from_json(text, "r.json");
  EXPECT_EQ(results_to_json(back, "0.1.0"), text);
  ASSERT_EQ(back.size(), 2u);
  EXPECT_EQ(back[0].metrics, results[0].metrics);
  EXPECT_EQ(back[0].task_time, results[0].task_time);
  EXPECT_EQ(back[1].exit_code, 42);
}

TEST(ResultsJson, BadFilesAreNamed) {
  EXPECT_EQ(message("{\n]"), "r.json:2: is not JSON; give a results.json written by simsched run");
  EXPECT_EQ(message(""), "r.json:1: is not JSON; give a results.json written by simsched run");
  EXPECT_EQ(message("[]"), "r.json: has no 'schema'; give a results.json written by simsched run");
  EXPECT_NE(message(R"({"schema":"simsched-results/9"})").find("has schema 'simsched-results/9'"), std::string::npos);
  EXPECT_NE(message(R"({"schema":"simsched-results/1"})").find("no list 'results'"), std::string::npos);
  EXPECT_NE(message(R"({"schema":"simsched-results/1","results":[{}]})").find("result 1: a result lacks 'machine'"),
            std::string::npos);
  EXPECT_NE(message(R"({"schema":"simsched-results/1","results":[3]})").find("is not an object"), std::string::npos);
  std::string text = results_to_json(std::vector<RunResult>{example()}, "0.1.0");
  text.replace(text.find("\"seed\": 3"), 9, "\"seed\":-3");
  EXPECT_NE(message(text).find("'seed' that is not a whole number"), std::string::npos);
}

TEST(ResultsCsv, QuotesAndFillsGaps) {
  std::vector<RunResult> results = {example(), example()};
  results[1].policy = "cfs";
  results[1].metrics = {{"migrations", 1}, {"extra", 2}};
  EXPECT_EQ(results_to_csv(results),
            "machine,policy,workload,seed,status,makespan_ns,migrations,extra\n"
            "vm-2c,\"eevdf, \"\"long\"\"\",build,3,ok,123456789012,42,\n"
            "vm-2c,cfs,build,3,ok,,1,2\n");
}

}  // namespace
}  // namespace simsched

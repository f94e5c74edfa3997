#include "report/results_json.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
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
  result.counters = {{"fair", {{"pulled", 3}}}};
  result.cpu_busy_ns = {1, 2};
  result.packets = {{"voice", {{"latency_ns_p99.9", 8}}}};
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
  EXPECT_EQ(back[0].counters, results[0].counters);
  EXPECT_EQ(back[0].cpu_busy_ns, results[0].cpu_busy_ns);
  EXPECT_EQ(back[0].packets, results[0].packets);
  EXPECT_EQ(back[0].metric("packets_voice_latency_ns_p99.9"), 8);
  EXPECT_EQ(back[1].exit_code, 42);
}

TEST(ResultsJson, ReadsTheFirstSchema) {
  const std::string file = SIMSCHED_SOURCE_DIR "/tests/data/results-1.json";
  auto results = results_from_json(read_file(file).text(), file);
  ASSERT_EQ(results.size(), 2u);
  EXPECT_EQ(results[0].policy, "eevdf");
  EXPECT_EQ(results[0].seed, 1u);
  EXPECT_EQ(results[0].metrics.front().first, "makespan_ns");
  EXPECT_EQ(results[1].metric("makespan_ns"), 1736780351);
  EXPECT_EQ(results[0].metric("fair_pulled"), 5);
  EXPECT_EQ(results[0].task_time.back(), (std::pair<std::string, int64_t>("lifetime_ns", 40536327807)));
  EXPECT_EQ(results[0].cpu_busy_ns.size(), 2u);
  // Written again it is of the present schema, and says the same.
  auto again = results_from_json(results_to_json(results, "0.1.0"), "again");
  EXPECT_EQ(again[0].metrics, results[0].metrics);
}

TEST(ResultsJson, BadFilesAreNamed) {
  EXPECT_EQ(message("{\n]"), "r.json:2: is not JSON; give a results.json written by simsched run");
  EXPECT_EQ(message(""), "r.json:1: is not JSON; give a results.json written by simsched run");
  EXPECT_EQ(message(R"({"schema": 1e400})"),
            "r.json: has a number that is none of results; give a results.json written by simsched run");
  EXPECT_EQ(message("[]"), "r.json: has no 'schema'; give a results.json written by simsched run");
  EXPECT_NE(message(R"({"schema":"simsched-results/9"})").find("has schema 'simsched-results/9'"), std::string::npos);
  EXPECT_NE(message(R"({"schema":"simsched-results/2"})").find("no list 'results'"), std::string::npos);
  EXPECT_NE(message(R"({"schema":"simsched-results/2","results":[{}]})").find("result 1: a result lacks 'machine'"),
            std::string::npos);
  EXPECT_NE(message(R"({"schema":"simsched-results/2","results":[3]})").find("is not an object"), std::string::npos);
  std::string text = results_to_json(std::vector<RunResult>{example()}, "0.1.0");
  text.replace(text.find("\"seed\": 3"), 9, "\"seed\":-3");
  EXPECT_NE(message(text).find("'seed' that is not a whole number"), std::string::npos);
}

TEST(ResultsJson, NumbersThatDoNotFitAreRefused) {
  const std::string good = results_to_json(std::vector<RunResult>{example()}, "0.1.0");
  auto with = [&](const std::string& old, const std::string& now) {
    std::string text = good;
    return text.replace(text.find(old), old.size(), now);
  };
  EXPECT_NE(message(with("\"exit_code\": 0", "\"exit_code\": 4294967296")).find("'exit_code'"), std::string::npos);
  EXPECT_NE(message(with("\"migrations\": 42", "\"migrations\": 9223372036854775808")).find("'metrics.migrations'"),
            std::string::npos);
  EXPECT_NE(message(with("\"migrations\": 42", "\"migrations\": 4.5")).find("'metrics.migrations'"), std::string::npos);
  EXPECT_NE(message(with("\"pulled\": 3", "\"pulled\": null")).find("'counters.fair.pulled'"), std::string::npos);
  // What is no metric in the old schema must not be mistaken for the list of them.
  EXPECT_NE(message(R"({"schema":"simsched-results/1","results":[{"metrics":"x","a":1}]})").find("lacks 'machine'"),
            std::string::npos);
}

TEST(ResultsCsv, QuotesAndFillsGaps) {
  std::vector<RunResult> results = {example(), example()};
  results[1].policy = "cfs";
  results[1].metrics = {{"migrations", 1}, {"extra", 2}};
  EXPECT_EQ(results_to_csv(results),
            "machine,policy,workload,seed,status,exit_code,makespan_ns,migrations,task_time_work_ns,"
            "task_time_lifetime_ns,cpu_time_idle_ns,fair_pulled,packets_voice_latency_ns_p99.9,extra\n"
            "vm-2c,\"eevdf, \"\"long\"\"\",build,3,ok,0,123456789012,42,7,9,5,3,8,\n"
            "vm-2c,cfs,build,3,ok,0,,1,7,9,5,3,8,2\n");
}

}  // namespace
}  // namespace simsched

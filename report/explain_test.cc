#include "report/explain.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "base/error.h"
#include "report/table.h"

namespace simsched {
namespace {

constexpr int64_t kMs = 1'000'000;

// A run of two names of tasks, one in the background, on two CPUs: the identity holds.
RunResult run_of(const std::string& policy, uint64_t seed, int64_t wait, int64_t smt) {
  RunResult run;
  run.machine = "m";
  run.policy = policy;
  run.workload = "w";
  run.seed = seed;
  TaskTime worker, daemon;
  worker[Cause::kWork] = Nanos(100 * kMs);
  worker[Cause::kWait] = Nanos(wait);
  worker[Cause::kSmt] = Nanos(smt);
  worker[Cause::kBlockedChild] = Nanos(7 * kMs);
  daemon[Cause::kWork] = Nanos(5 * kMs);
  daemon[Cause::kBlockedSleep] = Nanos(wait);
  TaskTime all = worker;
  all += daemon;
  auto with_tasks = [](const TaskTime& time) {
    NamedValues values = time.named();
    values.insert(values.begin(), {"tasks", 3});
    return values;
  };
  const int64_t makespan = 100 * kMs + wait + smt, busy = 105 * kMs + smt, overhead = 2 * kMs;
  run.metrics = {{"makespan_ns", makespan}, {"idle_wasted_ns", wait / 2}};
  run.task_time = all.named();
  run.task_time_by_name = {{"daemon", with_tasks(daemon)}, {"worker", with_tasks(worker)}};
  run.task_time_by_role = {{"foreground", with_tasks(worker)}, {"background", with_tasks(daemon)}};
  run.cpu_busy_ns = {busy - 5 * kMs, 5 * kMs};
  run.cpu_overhead_ns = {overhead, 0};
  run.cpu_time = {{"task_ns", busy - overhead}, {"overhead_ns", overhead}, {"idle_ns", 2 * makespan - busy}};
  return run;
}

std::vector<RunResult> example() {
  return {run_of("slow", 1, 10 * kMs, 4 * kMs), run_of("slow", 2, 12 * kMs + 1, 4 * kMs),
          run_of("fast", 1, 2 * kMs, 3 * kMs), run_of("fast", 2, 3 * kMs, 3 * kMs)};
}

std::string message(const std::vector<RunResult>& results, const ExplainChoice& choice) {
  try {
    explain(results, choice, "r.json");
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(Explain, EnergyIsToldWhereItIsKnown) {
  std::vector<RunResult> runs = example();
  EXPECT_EQ(explanation_text(explain(runs, {"slow", "fast", ""}, "r.json"), false).find(" J"), std::string::npos);
  for (RunResult& run : runs) {
    const bool slow = run.policy == "slow";
    run.metrics.emplace_back("energy_uj", slow ? 3'000'000 : 2'500'000);
    run.energy_by_name = {{"daemon", {{"energy_uj", 100'000}}},
                          {"worker", {{"energy_uj", slow ? 2'000'000 : 1'250'000}}}};
  }
  const Explanation what = explain(runs, {"slow", "fast", ""}, "r.json");
  EXPECT_EQ(what.energy_uj, (Sides{6'000'000, 5'000'000}));
  const std::string text = explanation_text(what, false);
  EXPECT_NE(text.find("The machine used 3 J; with fast 2.5 J. Cores took 2 J for worker, and 1.25 J."),
            std::string::npos)
      << text;
}

TEST(Explain, EveryTotalIsTheSumOfItsPartsExactly) {
  const Explanation what = explain(example(), {"slow", "fast", ""}, "r.json");
  const int64_t longer = 17 * kMs + 1 + 2 * kMs + 17 * kMs + 1;  // wait, smt, and the daemon's sleep
  EXPECT_EQ(what.time.lifetime().difference(), longer);
  int64_t causes = 0;
  for (const Sides& sides : what.time) causes += sides.difference();
  EXPECT_EQ(causes, longer);
  Times names, roles;
  for (const TaskGroup& group : what.names) names += group.time;
  for (const TaskGroup& group : what.roles) roles += group.time;
  EXPECT_EQ(names, what.time);
  EXPECT_EQ(roles, what.time);
  EXPECT_EQ(what.time.active().difference() + what.time.at(Where::kBlocked).difference(), longer);
  int64_t cpus = 0;
  for (const CpuSides& cpu : what.cpus) cpus += cpu.busy().a + cpu.idle.a;
  EXPECT_EQ(cpus, 2 * what.makespan.a);
  EXPECT_EQ(what.seeds, (std::vector<uint64_t>{1, 2}));
}

TEST(Explain, RunsArePairedBySeedWhateverTheirOrder) {
  std::vector<RunResult> results = example();
  const Explanation in_order = explain(results, {"slow", "fast", "m"}, "r.json");
  std::swap(results[0], results[1]);
  EXPECT_EQ(explain(results, {"slow", "", ""}, "r.json").time, in_order.time);
  results.pop_back();
  const Explanation one = explain(results, {"slow", "fast", ""}, "r.json");
  EXPECT_EQ(one.seeds, (std::vector<uint64_t>{1}));
  ASSERT_EQ(one.doubts.size(), 1u);
  EXPECT_NE(one.doubts[0].find("1 runs have no partner"), std::string::npos);
}

TEST(Explain, TheFirstLinesSayInWordsWhatMakesMostOfIt) {
  const std::string text = explanation_text(explain(example(), {"slow", "fast", ""}, "r.json"), false);
  EXPECT_NE(text.find("slow is 9.0 % (± 6.0) slower than fast: makespan 115.0 ms instead of 105.5 ms."),
            std::string::npos)
      << text;
  const size_t wait = text.find("+7.7 points  could run and waited for a CPU (wait)");
  const size_t smt = text.find("+0.9 points  took longer, because a hardware thread");
  EXPECT_NE(wait, std::string::npos) << text;
  EXPECT_NE(smt, std::string::npos) << text;
  EXPECT_LT(wait, smt);
  EXPECT_NE(text.find("CPUs idled for 5.500 ms while tasks that could have run there waited"), std::string::npos);
  EXPECT_NE(text.find("lived 36,000,002 ns longer"), std::string::npos) << text;
  const std::string back = explanation_text(explain(example(), {"fast", "slow", ""}, "r.json"), false);
  EXPECT_NE(back.find("fast is 8.3 % (± 5.5) faster than slow"), std::string::npos) << back;
}

TEST(Explain, FitsEightyColumns) {
  std::vector<RunResult> results = example();
  for (RunResult& run : results) {
    run.policy += "_with_a_very_long_label";
    run.task_time_by_name[1].first = "a_name_longer_than_any_of_the_kernel";
  }
  for (const std::vector<RunResult>& some : {results, example()}) {
    std::istringstream lines(explanation_text(explain(some, {some[0].policy, "", ""}, "r.json"), false));
    std::string line;
    while (std::getline(lines, line)) EXPECT_LE(display_width(line), 80u) << line;
  }
}

TEST(Explain, SaysWhenAPolicyDidLess) {
  std::vector<RunResult> results = example();
  results[0].status = "starved: t[1]";
  results[0].metrics.emplace_back("tasks_starved", 1);
  const std::string text = explanation_text(explain(results, {"slow", "fast", ""}, "r.json"), false);
  EXPECT_NE(text.find("But: slow on m, seed 1: starved: t[1]"), std::string::npos) << text;
  EXPECT_NE(text.find("But: slow did less"), std::string::npos);
}

TEST(Explain, MistakesAreNamed) {
  std::vector<RunResult> results = example();
  EXPECT_EQ(message(results, {"slo", "", ""}), "r.json: has no policy 'slo' on m; did you mean 'slow'?");
  EXPECT_EQ(message(results, {"slow", "fsat", ""}), "r.json: has no policy 'fsat' on m; did you mean 'fast'?");
  EXPECT_EQ(message(results, {"slow", "slow", ""}), "--vs: 'slow' is the policy itself; name another one");
  EXPECT_EQ(message(results, {"slow", "fast", "mm"}).substr(0, 28), "r.json: has no machine 'mm';");
  EXPECT_EQ(message({}, {"slow", "fast", ""}), "r.json: has no results; run the experiment again with simsched run");
  std::vector<RunResult> one(results.begin(), results.begin() + 1);
  EXPECT_NE(message(one, {"slow", "", ""}).find("nothing to compare it with"), std::string::npos);
  results[3].machine = results[1].machine = "n";
  EXPECT_EQ(message(results, {"slow", "", ""}), "r.json: has results of 2 machines; choose one with --machine: m, n");
}

TEST(Explain, TimesThatDoNotAddUpAreRefused) {
  for (auto change : std::initializer_list<void (*)(RunResult&)>{
           [](RunResult& run) { ++run.task_time[0].second; }, [](RunResult& run) { run.task_time_by_name.pop_back(); },
           [](RunResult& run) { run.task_time_by_role.pop_back(); }, [](RunResult& run) { ++run.cpu_busy_ns[1]; },
           [](RunResult& run) { ++run.cpu_overhead_ns[1]; }}) {
    std::vector<RunResult> results = example();
    change(results[2]);
    EXPECT_NE(message(results, {"slow", "fast", ""}).find("fast on m, seed 1 has times that do not add up"),
              std::string::npos);
  }
  std::vector<RunResult> results = example();
  results[1].task_time_by_name.clear();
  EXPECT_NE(message(results, {"slow", "fast", ""}).find("older simsched"), std::string::npos);
}

TEST(Explain, JsonAndPictureSayTheSame) {
  const Explanation what = explain(example(), {"slow", "fast", ""}, "r.json");
  const auto json = nlohmann::json::parse(explanation_json(what));
  EXPECT_EQ(json["task_time"]["wait_ns"]["difference"], 17 * kMs + 1);
  EXPECT_EQ(json["by_name"]["worker"]["task_time"]["slowdown_smt_ns"]["a"], 8 * kMs);
  EXPECT_EQ(json["by_cpu"].size(), 2u);
  const std::string svg = explanation_svg(what);
  for (const char* part : {"<svg ", "wait", "smt", "blocked_child", "idle while tasks waited", "</svg>"})
    EXPECT_NE(svg.find(part), std::string::npos) << part;
}

}  // namespace
}  // namespace simsched

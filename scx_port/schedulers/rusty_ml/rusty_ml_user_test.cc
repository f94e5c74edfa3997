// rusty_ml in simulations: its two halves and a model.
#include "scx_port/schedulers/rusty_ml/rusty_ml_user.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <fstream>

#include "base/error.h"
#include "base/temporary_folder.h"
#include "scx_port/schedulers/rusty/testing.h"
#include "scx_port/schedulers/testing.h"
#include "sim/testing.h"

namespace simsched::rusty_ml {
namespace {

using rusty::grid_machine;
using testing::Counters;
using ::testing::HasSubstr;
using testing::simulate_policy;

// `tasks` that compute and sleep by turns.
Workload sleepers(int tasks, int rounds = 40) {
  Workload workload;
  for (int i = 0; i < tasks; ++i) {
    std::vector<Op> ops;
    for (int round = 0; round < rounds; ++round) {
      ops.push_back(op::compute(Work(200'000 * (i % 12 + 1))));
      ops.push_back(op::sleep(Nanos(700'000 * (12 - i % 12))));
    }
    testing::add_task(workload, "sleeper" + std::to_string(i), ops);
  }
  return workload;
}

Counters simulate(const Tunables& tunables, const Workload& workload = sleepers(24)) {
  return simulate_policy("rusty_ml", tunables, grid_machine(2, 2, 2), workload);
}

// A model that answers the same to everything within its ranges.
std::string model_file(const std::string& name, int32_t answer, int32_t tau, mlp::Ranges ranges = feature_ranges()) {
  mlp::Int8Net net;
  net.b2 = answer;
  mlp::ModelFile file{mlp::make_model(net, ranges, tau, 7), {}};
  file.golden = mlp::golden_vectors(file.model, 1, 4);
  static const TemporaryFolder folder("simsched-rusty-ml");
  const std::string path = folder.file(name + ".bin");
  mlp::write_model(file, path);
  return path;
}

// What both policies count.
Counters common(const Counters& counters, const Counters& of) {
  Counters some;
  for (const auto& [name, value] : counters)
    if (of.contains(name)) some[name] = value;
  return some;
}

TEST(RustyMl, WithoutAGateOrAModelIsScxRusty) {
  for (auto [nodes, llcs, cores] : {std::array{2, 2, 2}, {1, 1, 1}, {1, 4, 4}}) {
    const Machine machine = grid_machine(nodes, llcs, cores);
    const Workload workload = sleepers(30);
    const Counters rusty = simulate_policy("scx_rusty", {}, machine, workload);
    EXPECT_EQ(common(simulate_policy("rusty_ml", {{"gate", "off", ""}}, machine, workload), rusty), rusty);
    const Counters none = simulate_policy("rusty_ml", {{"model", "none", ""}}, machine, workload);
    for (const char* same : {"makespan_ns", "migrations", "ext_total", "ext_dsq", "wake_latency_ns_p99"})
      EXPECT_EQ(none.at(same), rusty.at(same)) << same;
    EXPECT_EQ(none.at("ext_stay") + none.at("ext_move"), 0);
    EXPECT_EQ(none.at("ext_model_none") > 0, machine.nr_cpus() > 1);
  }
}

TEST(RustyMl, EveryDecisionIsCountedOnce) {
  for (const char* gate : {"model", "deny", "warm_stay", "nest", "off"}) {
    const Counters c = simulate({{"gate", gate, ""}});
    EXPECT_EQ(c.at("ext_decided"), c.at("ext_stay") + c.at("ext_move") + c.at("ext_fallback")) << gate;
    EXPECT_EQ(c.at("ext_decided") > 0, gate != std::string("off"));
    EXPECT_EQ(c.at("ext_task_error"), 0);
    EXPECT_EQ(c, simulate({{"gate", gate, ""}})) << "the same again";
  }
}

TEST(RustyMl, TheModelDecides) {
  Counters stay = simulate({{"model", model_file("stay", -5, 5), ""}});
  Counters move = simulate({{"model", model_file("move", 5, 5), ""}});
  Counters unsure = simulate({{"model", model_file("unsure", 4, 5), ""}});
  EXPECT_GT(stay["ext_stay"], 500);
  EXPECT_EQ(stay["ext_move"], 0);
  EXPECT_GT(move["ext_move"], 500);
  EXPECT_EQ(move["ext_wake_stay"], 0);
  EXPECT_EQ(unsure["ext_decided"], unsure["ext_fallback"]);
  EXPECT_LT(stay["migrations"], unsure["migrations"] / 2);
  EXPECT_GT(move["migrations"], unsure["migrations"]);
}

TEST(RustyMl, IsAskedWhereItShallBe) {
  const std::string model = model_file("stay", -5, 5);
  const auto with = [&](const char* wake, const char* steal, const char* own) {
    return simulate({{"model", model, ""}, {"wake", wake, ""}, {"steal", steal, ""}, {"own", own, ""}});
  };
  EXPECT_EQ(with("false", "false", "false")["ext_decided"], 0);
  Counters wake = with("true", "false", "false"), steal = with("false", "true", "false"),
           own = with("false", "false", "true");
  EXPECT_EQ(wake["ext_decided"], wake["ext_wake_stay"] + wake["ext_fallback"]);
  EXPECT_GT(wake["ext_wake_stay"], 0);
  EXPECT_GT(steal["ext_stay"], 0);
  EXPECT_EQ(steal["ext_wake_stay"], 0);
  EXPECT_GT(own["ext_stay"], 0);
  EXPECT_EQ(own["ext_wake_stay"], 0);
}

// ---- Bounds ----

// A task that runs for long, and others that wake up where it runs.
Workload behind_a_hog(int others) {
  Workload workload;
  const auto start_at_0 = [&](TaskId task) { workload.tasks[task.index()].start_cpu = CpuId(0); };
  start_at_0(testing::add_task(workload, "hog", {op::compute(Work(200'000'000))}));
  for (int i = 0; i < others; ++i)
    start_at_0(testing::add_task(workload, "other" + std::to_string(i),
                                 {op::sleep(Nanos(1'000'000)), op::compute(Work(1'000'000))}));
  return workload;
}

TEST(RustyMl, NobodyWaitsForLongBesideAnIdleCpuByTheModelsWill) {
  const std::string model = model_file("stay", -5, 5);
  Counters kept = simulate({{"model", model, ""}, {"wait_alone", "5ms", ""}}, behind_a_hog(1));
  EXPECT_GT(kept["wake_latency_ns_max"], 5'000'000);
  EXPECT_LT(kept["wake_latency_ns_max"], 7'000'000);  // the limit, and half of the other one until it is seen
  EXPECT_EQ(kept["ext_rescued"], 1);
  // Two that wait are several.
  Counters two = simulate({{"model", model, ""}, {"wait_alone", "10s", ""}}, behind_a_hog(2));
  EXPECT_GT(two["wake_latency_ns_max"], 2'000'000);
  EXPECT_GE(two["ext_rescued"], 1);
}

TEST(RustyMl, NorForLongWhereAllCpusAreBusy) {
  Workload workload;
  for (int i = 0; i < 7; ++i) testing::add_task(workload, "hog", {op::compute(Work(300'000'000))});
  const std::string model = model_file("stay", -5, 5);
  const auto run = [&](const char* limit) {
    return simulate_policy("rusty_ml", {{"model", model, ""}, {"wait_max", limit, ""}}, grid_machine(1, 1, 2),
                           workload);
  };
  Counters bound = run("5ms"), unbound = run("10s");
  EXPECT_GT(bound["ext_overdue"], 20);
  EXPECT_LT(unbound["ext_overdue"], 10);  // when the first ones are done
}

TEST(RustyMl, NobodyWaitsBehindMany) {
  const std::string model = model_file("stay", -5, 5);
  Counters none = simulate({{"model", model, ""}, {"max_waiting", "0", ""}, {"own", "false", ""}}, behind_a_hog(6));
  EXPECT_EQ(none["ext_crowded"], none["ext_fallback"]);
  EXPECT_GT(none["ext_crowded"], 0);
  Counters some = simulate({{"model", model, ""}, {"max_waiting", "2", ""}, {"own", "false", ""}}, behind_a_hog(6));
  EXPECT_LT(some["ext_crowded"], none["ext_crowded"]);
  EXPECT_GT(some["ext_crowded"], 0);
}

TEST(RustyMl, ATaskMovesOnlySoOften) {
  const std::string model = model_file("move", 5, 5);
  const auto moves = [&](const char* period, const char* burst) {
    return simulate(
        {{"model", model, ""}, {"residency", "0", ""}, {"move_period", period, ""}, {"move_burst", burst, ""}});
  };
  Counters free = moves("0", "1"), bound = moves("10s", "3");
  EXPECT_EQ(free["ext_tokens"], 0);
  EXPECT_GT(bound["ext_tokens"], 0);
  EXPECT_LE(bound["ext_move"], 24 * 3);
  EXPECT_GT(free["ext_move"], 24 * 3);
  Counters resident = simulate({{"model", model, ""}, {"residency", "10s", ""}});
  EXPECT_LE(resident["ext_move"], 24);
}

TEST(RustyMl, AModelOfOtherThingsIsNotAsked) {
  mlp::Ranges narrow = feature_ranges();
  narrow.lo.fill(0);
  narrow.hi.fill(1);
  Counters c = simulate({{"model", model_file("narrow", 5, 5, narrow), ""}});
  EXPECT_GT(c["ext_outside"], 0);
  EXPECT_EQ(c["ext_move"], 0);
  EXPECT_EQ(c["ext_fallback"], c["ext_decided"]);
}

TEST(RustyMl, OneThatMayNotRunElsewhereStaysWhereItMay) {
  Workload workload = sleepers(24);
  const AffinityId one = workload.intern_affinity(CpuSet::parse("0-1"));
  for (size_t i = 0; i < workload.tasks.size(); i += 3) workload.tasks[i].affinity = one;
  for (const char* model : {"move", "stay"}) {
    const std::string path = model_file(model, model == std::string("move") ? 5 : -5, 5);
    EXPECT_EQ(simulate({{"model", path, ""}}, workload)["tasks_illegal"], 0);
  }
}

// ---- Controls ----

TEST(RustyMl, DeniesTheShareThatItShall) {
  const auto denied = [](const char* permille) {
    return simulate({{"gate", "deny", ""}, {"deny_permille", permille, ""}, {"own", "false", ""}});
  };
  Counters none = denied("0"), half = denied("500"), all = denied("1000");
  EXPECT_EQ(none["ext_stay"], 0);
  EXPECT_NEAR(static_cast<double>(half["ext_stay"]) / static_cast<double>(half["ext_decided"]), 0.5, 0.08);
  EXPECT_EQ(all["ext_stay"] + all["ext_crowded"], all["ext_decided"]);
  EXPECT_LT(all["migrations"], half["migrations"]);
  EXPECT_LT(half["migrations"], none["migrations"]);
}

TEST(RustyMl, AWarmTaskStays) {
  Counters never = simulate({{"gate", "warm_stay", ""}, {"warm", "0", ""}});
  Counters always = simulate({{"gate", "warm_stay", ""}, {"warm", "1s", ""}});
  EXPECT_EQ(never["ext_stay"], 0);
  EXPECT_GT(always["ext_stay"], 0);
  EXPECT_LT(always["migrations"], never["migrations"]);
}

TEST(RustyMl, ANestUsesFewerCpus) {
  const Machine machine = grid_machine(1, 1, 8);
  const Workload workload = sleepers(4);
  const auto busy = [&](const char* policy, const Tunables& tunables) {
    EngineOptions options;
    PolicyRegistry registry(scx_policies());
    Engine engine(machine, workload, options, registry.make(policy, tunables, options.kernel, machine));
    engine.run();
    int64_t used = 0;
    for (int64_t time : engine.result().cpu_busy_ns) used += time > 2'000'000;
    return used;
  };
  EXPECT_LE(busy("rusty_ml", {{"gate", "nest", ""}, {"nest", "1s", ""}}), busy("scx_rusty", {}));
}

// ---- The balancer ----

TEST(RustyMl, TheBalancerAsks) {
  // Eight tasks that compute, every other one short: one of two domains has all that are left.
  Workload workload;
  for (int i = 0; i < 8; ++i) {
    const TaskId task = testing::add_task(workload, "hog", {op::compute(Work(i % 2 ? 500'000'000 : 5'000'000'000))});
    workload.tasks[task.index()].start_cpu = CpuId(0);
  }
  const auto run = [&](const std::string& model) {
    return simulate_policy("rusty_ml", {{"model", model, ""}, {"greedy_threshold", "0", ""}}, grid_machine(1, 2, 2),
                           workload);
  };
  Counters stay = run(model_file("stay", -5, 5)), move = run(model_file("move", 5, 5));
  EXPECT_GT(stay["ext_lb_stay"], 0);
  EXPECT_EQ(stay["ext_load_balance"], 0);
  EXPECT_GT(move["ext_lb_move"], 0);
  EXPECT_GT(move["ext_load_balance"], 0);
  Counters silent = simulate_policy(
      "rusty_ml", {{"model", model_file("stay", -5, 5), ""}, {"greedy_threshold", "0", ""}, {"balance", "false", ""}},
      grid_machine(1, 2, 2), workload);
  EXPECT_EQ(silent["ext_lb_stay"], 0);
  EXPECT_GT(silent["ext_load_balance"], 0);
}

TEST(RustyMl, RefusesWhatIsNoModel) {
  const TemporaryFolder folder("simsched-rusty-ml");
  const std::string path = folder.file("text.bin");
  std::ofstream(path) << "no model";
  try {
    simulate({{"model", path, ""}});
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("not a model file"));
  }
}

}  // namespace
}  // namespace simsched::rusty_ml

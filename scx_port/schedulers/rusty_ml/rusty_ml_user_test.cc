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
std::string model_file(const std::string& name, int32_t answer, int32_t tau, mlp::Ranges ranges = mlp::kFeatureRanges) {
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

// ---- Several models, one at a time ----

// Two caches of four CPUs, between which moves are dear.
Machine dear_machine() {
  MachineSpec spec;
  spec.name = "dear";
  for (int c = 0; c < 8; ++c) spec.cpus.push_back({.core = CoreId(c), .llc = LlcId(c / 4), .node = NodeId(0)});
  spec.costs.refill_llc = 100_us;
  spec.costs.refill_node = 400_us;
  return Machine(std::move(spec));
}

// Tasks that compute between `least` and `most`, and sleep as long as `gap` in the mean, for about `duration`.
void add_load(Workload& workload, int tasks, Nanos start, Nanos duration, Nanos least, Nanos most, Nanos gap) {
  Rng rng(3);
  for (int i = 0; i < tasks; ++i) {
    std::vector<Op> ops;
    for (Nanos left = duration; left > Nanos(0);) {
      const Nanos work(rng.between(least.count(), most.count())),
          pause(rng.between(gap.count() / 2, gap.count() * 3 / 2));
      ops.push_back(op::compute(Work(work.count())));
      ops.push_back(op::sleep(pause));
      left -= work + pause;
    }
    workload.tasks[testing::add_task(workload, "task" + std::to_string(i), ops).index()].start = start;
  }
}

// Short jobs, which are better left where their caches are warm; then long ones, which should go where a CPU is free.
TEST(RustyMl, LearnsWhichModelIsBestAndAnewWhenTheLoadChanges) {
  Workload before, both;
  for (Workload* workload : {&before, &both}) add_load(*workload, 12, 0_s, 3_s, 300_us, 400_us, 700_us);
  add_load(both, 10, 4_s, 3_s, 3_ms, 9_ms, 3_ms);
  const std::string stay = model_file("stay", -5, 5), move = model_file("move", 5, 5);
  const auto learned = [&](const Workload& workload) {
    return simulate_policy("rusty_ml",
                           {{"experts", TunableValue(TunableValue::List{move, stay}), ""}, {"epoch", "30ms", ""}},
                           dear_machine(), workload);
  };
  Counters first = learned(before), all = learned(both);
  EXPECT_GT(first["ext_epochs_expert_2"], first["ext_epochs"] / 2) << "short jobs stay";
  EXPECT_EQ(first["ext_epochs"],
            first["ext_epochs_rusty"] + first["ext_epochs_expert_1"] + first["ext_epochs_expert_2"]);
  const int64_t second = all["ext_epochs"] - first["ext_epochs"];
  EXPECT_LT(all["ext_epochs_expert_2"] - first["ext_epochs_expert_2"], second / 3) << "long ones do not";
  const Counters always = simulate_policy("rusty_ml", {{"model", stay, ""}}, dear_machine(), both);
  EXPECT_LT(all["makespan_ns"], always.at("makespan_ns"));
  EXPECT_LT(2 * all["migrations"], simulate_policy("scx_rusty", {}, dear_machine(), both).at("migrations"));
}

TEST(RustyMl, ATollIsWhatWasPaidInBetween) {
  rusty_ml_toll before{}, after{};
  before.ran = 5'000'000;
  after.ran = 9'000'000;
  after.waited = 700;
  before.moved[ml::RELATION_NODE] = 10;
  after.moved[ml::RELATION_NODE] = 13;
  after.moved[ml::RELATION_SAME] = 100;
  const auto cost = move_costs(dear_machine());
  for (size_t i = 0; i < 100; ++i) ++after.waits[i];
  const Toll toll = toll_between(before, after, cost);
  EXPECT_EQ(toll.ran, 4_ms);
  EXPECT_EQ(toll.waited, 700_ns);
  EXPECT_EQ(toll.moving, 1200_us) << "three moves between caches";
  EXPECT_EQ(toll.tail, 99 * 256) << "one of a hundred is beyond";
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
  mlp::Ranges narrow = mlp::kFeatureRanges;
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

TEST(RustyMl, RefusesWhatIsNoModelOfItsInputs) {
  const TemporaryFolder folder("simsched-rusty-ml");
  const std::string text = folder.file("text.bin"), other = folder.file("other.bin");
  std::ofstream(text) << "no model";
  mlp::write_model(mlp::random_model(1), other);
  const auto refusal = [](const Tunables& tunables) -> std::string {
    try {
      simulate(tunables);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(refusal({{"model", text, ""}}), HasSubstr("not a model file"));
  EXPECT_THAT(refusal({{"model", other, ""}}), HasSubstr("of encoding 0, not 1"));
  EXPECT_THAT(refusal({{"experts", other, ""}}), HasSubstr("of encoding 0, not 1"));
  EXPECT_THAT(refusal({{"experts", TunableValue(TunableValue::List(9, model_file("stay", -5, 5))), ""}}),
              HasSubstr("'experts' has 9 models"));
  EXPECT_THAT(refusal({{"experts", TunableValue(TunableValue::List{}), "c.yaml:3"}}),
              HasSubstr("c.yaml:3: '[]' is not a value of experts"));
  for (const std::string& one : {std::string("none"), model_file("move", 5, 5)})
    EXPECT_THAT(refusal({{"model", one, ""}, {"experts", model_file("stay", -5, 5), ""}}), HasSubstr("keep one"));
}

}  // namespace
}  // namespace simsched::rusty_ml

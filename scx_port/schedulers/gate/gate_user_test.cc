// scx_gate in simulations: its two halves and a model.
#include "scx_port/schedulers/gate/gate_user.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <fstream>

#include "base/error.h"
#include "base/temporary_folder.h"
#include "scx_port/schedulers/rusty/testing.h"
#include "scx_port/schedulers/testing.h"
#include "sim/testing.h"

namespace simsched::gate {
namespace {

using rusty::grid_machine;
using testing::Counters;
using ::testing::HasSubstr;

// More tasks than CPUs at times, fewer at others.
Workload sleepers() {
  Workload workload;
  for (int i = 0; i < 12; ++i) {
    std::vector<Op> ops;
    for (int round = 0; round < 40; ++round) {
      ops.push_back(op::compute(Work(200'000 * (i + 1))));
      ops.push_back(op::sleep(Nanos(700'000 * (12 - i))));
    }
    testing::add_task(workload, "sleeper" + std::to_string(i), ops);
  }
  return workload;
}

Counters simulate(const Tunables& tunables, const Machine& machine = grid_machine(2, 2, 2)) {
  return testing::simulate_policy("scx_gate", tunables, machine, sleepers());
}

// A model that answers the same to everything.
std::string model_file(const std::string& name, int32_t answer, int32_t tau) {
  mlp::Int8Net net;
  net.b2 = answer;
  mlp::ModelFile file{mlp::make_model(net, input_ranges(), tau, 7), {}};
  file.golden = mlp::golden_vectors(file.model, 1, 4);
  static const TemporaryFolder folder("simsched-gate");
  const std::string path = folder.file(name + ".bin");
  mlp::write_model(file, path);
  return path;
}

TEST(Gate, EveryDecisionIsCountedOnce) {
  for (auto [nodes, llcs, cores] : {std::array{2, 2, 2}, {1, 1, 1}, {1, 4, 4}}) {
    Counters c = simulate({}, grid_machine(nodes, llcs, cores));
    EXPECT_EQ(c["ext_decided"], c["ext_calls_select_cpu"]);
    EXPECT_EQ(c["ext_decided"], c["ext_stay"] + c["ext_move"] + c["ext_fallback"]);
    EXPECT_EQ(c["ext_model_none"], 0);
    EXPECT_EQ(c["ext_model_torn"], 0);
    EXPECT_GE(c["ext_fallback"], c["ext_model_unsure"]);
  }
}

TEST(Gate, TheSameAgain) {
  const Counters once = simulate({});
  EXPECT_GT(once.at("ext_decided"), 400);
  EXPECT_EQ(once, simulate({}));
}

TEST(Gate, TheModelDecides) {
  Counters stays = simulate({{"model", model_file("stay", -5, 5), ""}, {"max_waiting", "100", ""}});
  Counters moves = simulate({{"model", model_file("move", 5, 5), ""}});
  Counters unsure = simulate({{"model", model_file("unsure", 4, 5), ""}});
  EXPECT_GT(stays["ext_stay"], 0);
  EXPECT_EQ(stays["ext_move"], 0);
  EXPECT_EQ(moves["ext_move"], moves["ext_decided"]);
  EXPECT_EQ(unsure["ext_fallback"], unsure["ext_decided"]);
  EXPECT_EQ(unsure["ext_model_unsure"], unsure["ext_decided"]);
  // The net only forbids: what it allows is what happens without it.
  EXPECT_EQ(moves["migrations"], unsure["migrations"]);
  EXPECT_EQ(moves["makespan_ns"], unsure["makespan_ns"]);
  EXPECT_LT(stays["migrations"], moves["migrations"]);
}

TEST(Gate, NobodyWaitsBehindManyByTheNetsWill) {
  Counters none = simulate({{"model", model_file("stay", -5, 5), ""}, {"max_waiting", "0", ""}});
  EXPECT_EQ(none["ext_stay"], 0);
  EXPECT_EQ(none["ext_fallback"], none["ext_decided"]);
}

TEST(Gate, RefusesWhatIsNoModel) {
  const TemporaryFolder folder("simsched-gate");
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
}  // namespace simsched::gate

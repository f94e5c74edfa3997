#include "ml/search/rollout.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "experiment/policies.h"
#include "ml/search/warm_start.h"
#include "scx_port/schedulers/gate/gate.h"

namespace simsched::search {
namespace {

const PolicyRegistry& registry() {
  static const PolicyRegistry kAll = all_policies();
  return kAll;
}

Scenario scenario(const std::string& machine, const std::string& workload) {
  const YAML::Node node = YAML::Load("{name: f, machine: " + machine + ", workload: " + workload + "}");
  return draw_scenario(read_families(YAML::Load("[" + YAML::Dump(node) + "]"), "f", "train")[0], "f", 1, registry());
}

PolicyConfig gate() { return policy_from_name("scx_gate", registry(), "test"); }

TEST(Rollout, TheSameAgain) {
  const Scenario server = scenario("{llcs_per_node: 2, cores_per_llc: 2}", "{server: {clients: 8, requests: 10}}");
  const auto once = rollouts(server, gate(), {10, 20, 20_ms, 3}), again = rollouts(server, gate(), {10, 20, 20_ms, 3});
  ASSERT_GT(once.size(), 5);
  for (size_t i = 0; i < once.size(); ++i) {
    EXPECT_EQ(once[i].features, again[i].features);
    EXPECT_EQ(once[i].outcome, again[i].outcome);
  }
}

// Where its own CPU is busy, others are idle, and going costs nothing, waiting is dear; where its CPU is idle, too,
// there is little between them.
TEST(Rollout, SaysThatWaitingBesideIdleCpusIsDear) {
  const Scenario load =
      scenario("{cores_per_llc: 6, costs: {refill_llc_ns: 0, refill_core_ns: 0, refill_private_ns: 0}}",
               "{server: {clients: 12, workers: 6, requests: 30, service: 2ms, think: 4ms}}");
  double busy = 0, idle = 0, nr_busy = 0, nr_idle = 0;
  for (const Rollout& row : rollouts(load, gate(), {1, 600, 10_ms, 1})) {
    if (row.features[GATE_IDLE] == 0 || row.features[GATE_FORK]) continue;
    const bool is_idle = row.features[GATE_PREV_IDLE];
    (is_idle ? idle : busy) += row.outcome;
    ++(is_idle ? nr_idle : nr_busy);
  }
  ASSERT_GT(nr_busy, 20);
  ASSERT_GT(nr_idle, 20);
  EXPECT_GT(busy / nr_busy, 0.01);
  EXPECT_LT(std::abs(idle / nr_idle), 0.25 * busy / nr_busy);
}

TEST(WarmStart, FitsWhatCanBeFitted) {
  Rng rng(1);
  std::vector<Rollout> rows(2000);
  for (Rollout& row : rows) {
    for (uint16_t& v : row.features) v = static_cast<uint16_t>(rng.below(256));
    row.outcome = 0.01 * (row.features[2] / 255.0 - row.features[7] / 255.0);
  }
  for (ModelKind kind : {ModelKind::kLinear, ModelKind::kNet}) {
    const Shape shape{kind, mlp::kBytes, 64, 1};
    const mlp::mlp_model model = model_of(fitted(rows, shape, first_point(kind, 1)), shape, 1).model;
    int right = 0;
    for (const Rollout& row : rows) right += (mlp::logit(model, row.features) > 0) == (row.outcome > 0);
    EXPECT_GT(right, kind == ModelKind::kLinear ? 1900 : 1500);
  }
}

TEST(WarmStart, OfNothingIsWhereItWas) {
  const Shape shape{ModelKind::kNet, mlp::kBytes, 64, 1};
  const Point first = first_point(ModelKind::kNet, 1);
  EXPECT_EQ(fitted({}, shape, first), first);
  EXPECT_EQ(fitted(std::vector<Rollout>(20), shape, first), first);
}

TEST(Rollout, NeedsAPolicyThatAsksAModel) {
  const Scenario hogs = scenario("{cores_per_llc: 2}", "{hogs: {tasks: 3, work: 5ms}}");
  for (const char* name : {"eevdf", "scx_simple"})
    EXPECT_THROW(rollouts(hogs, policy_from_name(name, registry(), "test"), {}), Error) << name;
}

}  // namespace
}  // namespace simsched::search

#include "ml/collect/rollout.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "experiment/inputs.h"
#include "experiment/policies.h"
#include "scx_port/schedulers/gate/gate.h"

namespace simsched::ml {
namespace {

const PolicyRegistry& registry() {
  static const PolicyRegistry kAll = all_policies();
  return kAll;
}

struct Load {
  Config config;
  Inputs inputs;

  Load(const std::string& machine, const std::string& workload)
      : config(
            parse_config("machine: " + machine + "\nworkload: " + workload + "\npolicies: [eevdf]\n", "f", registry())),
        inputs(config) {}
  std::vector<Rollout> rollouts(const PolicyConfig& policy, const RolloutOptions& options) const {
    return ml::rollouts(config, inputs, 0, 1, policy, options);
  }
};

PolicyConfig gate() { return policy_from_name("scx_gate", registry(), "test"); }

TEST(Rollout, TheSameAgain) {
  const Load server("{llcs_per_node: 2, cores_per_llc: 2}", "{server: {clients: 8, requests: 10}}");
  const auto once = server.rollouts(gate(), {10, 20, 20_ms, 3}), again = server.rollouts(gate(), {10, 20, 20_ms, 3});
  ASSERT_GT(once.size(), 5);
  for (size_t i = 0; i < once.size(); ++i) {
    EXPECT_EQ(once[i].features, again[i].features);
    EXPECT_EQ(once[i].outcome, again[i].outcome);
  }
}

// Where its own CPU is busy, others are idle, and going costs nothing, waiting is dear; where its CPU is idle, too,
// there is little between them.
TEST(Rollout, SaysThatWaitingBesideIdleCpusIsDear) {
  const Load load("{cores_per_llc: 6, costs: {refill_llc_ns: 0, refill_core_ns: 0, refill_private_ns: 0}}",
                  "{server: {clients: 12, workers: 6, requests: 30, service: 2ms, think: 4ms}}");
  double busy = 0, idle = 0, nr_busy = 0, nr_idle = 0;
  for (const Rollout& row : load.rollouts(gate(), {1, 600, 10_ms, 1})) {
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

TEST(Rollout, NeedsAPolicyThatAsksAModel) {
  const Load hogs("{cores_per_llc: 2}", "{hogs: {tasks: 3, work: 5ms}}");
  for (const char* name : {"eevdf", "scx_simple"})
    EXPECT_THROW(hogs.rollouts(policy_from_name(name, registry(), "test"), {}), Error) << name;
}

}  // namespace
}  // namespace simsched::ml

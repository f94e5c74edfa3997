// The rules of upf_ml, and what follows from them in simulations.
#include "scx_port/schedulers/upf_ml/upf_ml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "scx_port/schedulers/rusty/testing.h"
#include "scx_port/schedulers/testing.h"
#include "scx_port/schedulers/upf_ml/upf_ml_user.h"
#include "sim/testing.h"

namespace simsched::upf_ml {
namespace {

using rusty::grid_machine;
using testing::Counters;
using ::testing::HasSubstr;

TEST(UpfRules, WeightsFollowTheBudgetAndTheQueue) {
  EXPECT_EQ(upf_weights(499, 0, 500, 8), UPF_WEIGHTS(28, 8, 0, 4));  // the talk's 0.7, 0.2, 0, 0.1
  EXPECT_EQ(upf_weights(499, 99, 500, 8), UPF_WEIGHTS(28, 8, 0, 4));
  EXPECT_EQ(upf_weights(500, 9, 500, 8), UPF_WEIGHTS(12, 20, 4, 4));  // 0.3, 0.5, 0.1, 0.1
  EXPECT_EQ(upf_weights(500, 8, 500, 8), UPF_WEIGHTS(10, 10, 10, 10));
}

TEST(UpfRules, AScoreIsTheWeightedSum) {
  EXPECT_EQ(upf_score(UPF_WEIGHTS(28, 8, 0, 4), 256, 0, 256, 0), 28u * 256);
  EXPECT_EQ(upf_score(UPF_WEIGHTS(10, 10, 10, 10), 256, 256, 256, 256), 40u * 256);
  EXPECT_EQ(upf_qos(true, true), 256u);
  EXPECT_EQ(upf_qos(true, false), 0u);
  EXPECT_LT(upf_qos(false, true), upf_qos(true, true));
}

TEST(UpfRules, AWeightedScoreHasBounds) {
  EXPECT_EQ(upf_wsc(231, 0, 0, 4, 230), 0u);
  EXPECT_GT(upf_wsc(0, 0, 0, 4, 230), upf_wsc(10, 0, 0, 4, 230));
  EXPECT_GT(upf_wsc(10, 0, 1, 4, 230), upf_wsc(10, 0, 2, 4, 230));
  EXPECT_GT(upf_wsc(256, 256, 4, 4, 256), 0u);  // the worst within them
  EXPECT_GT(upf_wsc(0, 0, 0, 0, 230), 0u);
}

TEST(UpfRules, SharesDecay) {
  EXPECT_EQ(upf_share(0, true, 8, 8), 256u);
  EXPECT_EQ(upf_share(256, false, 9, 8), 0u);
  EXPECT_EQ(upf_share(128, true, 4, 8), 192u);
  EXPECT_EQ(upf_share(128, false, 4, 8), 64u);
  EXPECT_EQ(upf_share(77, true, 0, 8), 77u);
}

TEST(UpfRules, NobodyIsWithoutADeadline) {
  EXPECT_EQ(upf_deadline(1000, 500, 100), 1500u);
  EXPECT_EQ(upf_deadline(1000, 500, 200), 1250u);
  EXPECT_EQ(upf_deadline(1000, 500, 0), 1000u + 50000);
  EXPECT_FALSE(upf_spill(1500, 1500));
  EXPECT_TRUE(upf_spill(1501, 1500));
  EXPECT_TRUE(upf_preempts(1000, 4000));
  EXPECT_FALSE(upf_preempts(1000, 3999));
}

TEST(UpfOptions, ClassesAreNamesWithBudgets) {
  Options options;
  EXPECT_EQ(options.read_classes().size(), 4u);
  options.classes = "a:1ms  b:2ms";
  EXPECT_EQ(options.read_classes()[1].budget, 2'000'000u);
  for (const char* bad : {"", "a", "a:", ":1ms", "a:0", "a:1h", "a:-1ms", "a:11s", "sixteen_letters_:1ms",
                          "a:1 b:1 c:1 d:1 e:1 f:1 g:1 h:1 i:1"}) {
    options.classes = bad;
    EXPECT_THROW(options.read_classes(), Error) << bad;
  }
}

// ---- Simulations ----

struct Load {
  int hogs = 8, voices = 2;
};

// Hogs, and workers of the class voice that run shortly and often.
Workload load(const Load& what) {
  Workload workload;
  for (int i = 0; i < what.hogs; ++i) testing::add_task(workload, "hog", {op::compute(Work(300'000'000))});
  for (int i = 0; i < what.voices; ++i) {
    std::vector<Op> ops;
    for (int round = 0; round < 50; ++round) {
      ops.push_back(op::sleep(Nanos(2'000'000 + 100'000 * i)));
      ops.push_back(op::compute(Work(100'000)));
    }
    testing::add_task(workload, "upf-voice", ops);
  }
  return workload;
}

Counters simulate(const std::string& policy, const Workload& workload, const Tunables& tunables = {}) {
  return testing::simulate_policy(policy, tunables, grid_machine(1, 1, 4), workload);
}

class Upf : public ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(All, Upf, ::testing::Values("upf_ml", "wsc_cbs", "upf_reserve"));

TEST_P(Upf, AnUrgentClassDoesNotWait) {
  for (const char* reserved : {"0", "1"}) {
    Counters c = simulate(GetParam(), load({}), {{"reserved", reserved, ""}});
    EXPECT_EQ(c["tasks_unfinished"], 0);
    EXPECT_LT(c["wake_latency_ns_p90"], 200'000) << reserved;  // beyond that are the hogs' first
  }
}

TEST_P(Upf, NobodyStarvesBesideAReservedCpu) {
  Counters none = simulate(GetParam(), load({.hogs = 9, .voices = 0}), {{"reserved", "0", ""}});
  Counters three = simulate(GetParam(), load({.hogs = 9, .voices = 0}), {{"reserved", "3", ""}});
  EXPECT_EQ(none["ext_spilled"], 0);
  EXPECT_GT(three["ext_spilled"], 0);
  EXPECT_EQ(three["tasks_unfinished"], 0);
  EXPECT_LT(three["runnable_wait_ns_max"], 100'000'000);
}

TEST_P(Upf, WhoMayUseNothingButReservedCpusIsServedThere) {
  Workload workload = load({});
  const AffinityId last = workload.intern_affinity(CpuSet::parse("3")),
                   two = workload.intern_affinity(CpuSet::parse("2-3"));
  workload.tasks[0].affinity = last;
  workload.tasks[1].affinity = two;
  Counters c = simulate(GetParam(), workload, {{"reserved", "2", ""}});
  EXPECT_EQ(c["tasks_unfinished"], 0);
  EXPECT_EQ(c["tasks_illegal"], 0);
}

TEST_P(Upf, OneCpuIsForAllHoweverManyAreReserved) {
  EXPECT_EQ(simulate(GetParam(), load({}), {{"reserved", "500", ""}})["tasks_unfinished"], 0);
}

TEST_P(Upf, AReservedCpuIsLeftToTheUrgent) {
  // Two tasks, of which the policy may use three CPUs.
  Counters c = simulate(GetParam(), load({.hogs = 2, .voices = 0}), {{"reserved", "1", ""}});
  EXPECT_EQ(c["ext_spilled"], 0);
}

TEST(UpfTable, AScoreIsCountedByItsWeights) {
  Counters c = simulate("upf_ml", load({}));
  EXPECT_GT(c["ext_score_tight"] + c["ext_score_crowded"] + c["ext_score_even"], 0);
  EXPECT_EQ(simulate("wsc_cbs", load({}))["ext_score_even"], 0);
}

}  // namespace
}  // namespace simsched::upf_ml

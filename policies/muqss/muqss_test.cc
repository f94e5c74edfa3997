#include "policies/muqss/muqss.h"

#include <gtest/gtest.h>

#include "policies/deadline/testing.h"

namespace simsched::muqss {
namespace {

using namespace simsched::deadline::testing;
using simsched::testing::flat_machine;

// As many LLCs as `cpus` / 2, two nodes.
Machine caches_of_two(size_t cpus) {
  MachineSpec spec = flat_machine(cpus).spec();
  for (size_t i = 0; i < cpus; ++i) {
    spec.cpus[i].llc = LlcId(i / 2);
    spec.cpus[i].node = NodeId(i / (cpus / 2));
  }
  spec.distances.clear();
  return Machine(std::move(spec));
}

TEST(Muqss, AWakingTaskPreemptsTheNearestLaterDeadline) {
  Workload w;
  const TaskId sleeper = add(w, {ms(1), op::sleep_until(9_ms), ms(1)}, 0, 2);
  for (int i = 0; i < 8; ++i) {
    const TaskId hog = add(w, {ms(100)}, i == 2 ? -20 : 0, i);  // where it was, an early deadline
    w.tasks[hog.index()].start = Nanos(2'000'000 + 100'000 * (8 - i));
  }
  const Machine machine = caches_of_two(8);
  Simulation simulation("muqss", machine, w, options_of());
  simulation.run();
  EXPECT_EQ(simulation.runs_of(sleeper)[1], (std::pair(9_ms, 3)));  // bfs: CPU 0, whose hog began last
}

TEST(Muqss, EveryCpuTakesTheEarliestDeadlineOfAllQueues) {
  Workload w;
  const Machine machine = caches_of_two(4);
  // CPUs 0 and 1 have one hog each, and 2 and 3 have three.
  for (int i = 0; i < 2; ++i) add(w, {ms(10'000)}, 0, i);
  for (int i = 0; i < 6; ++i) add(w, {ms(10'000)}, 0, 2 + i % 2);
  for (const char* share : {"none", "smt", "mc", "llc", "smp", "all"}) {
    Simulation simulation("muqss", machine, w, options_of(2_s), {{"rqshare", share, ""}});
    simulation.run();
    for (double time : simulation.times(8)) EXPECT_NEAR(time, 1000, 20) << share;
  }
}

// Not past the node unless idle, and only from fuller queues: the nodes keep what they began with.
TEST(Muqss, WithoutInteractiveACpuLooksAtFullerAndNearQueuesOnly) {
  Workload w;
  const Machine machine = caches_of_two(4);
  // One CPU of each node is kept by a bound hog; the free ones begin three on one node, one on the other.
  for (int i = 0; i < 8; ++i) add(w, {ms(10'000)}, 0, i % 4);
  Simulation all("muqss", machine, w, options_of(1_s)),
      fuller("muqss", machine, w, options_of(1_s), {{"interactive", "false", ""}});
  EXPECT_LE(fuller.run().metric("migrations_remote"), all.run().metric("migrations_remote"));
}

TEST(Muqss, ALowPriorityTaskLeavesTheCoreToItsSibling) {
  Workload w;
  add(w, {ms(10'000)}, 0, 0);
  add(w, {ms(10'000)}, 19, 1);
  const Machine machine = flat_machine(2, 2);
  auto low = [&](const char* smt_nice) {
    Simulation simulation("muqss", machine, w, options_of(4_s), {{"smt_nice", smt_nice, ""}});
    simulation.run();
    return simulation.times(2);
  };
  EXPECT_EQ(low("false"), (std::vector<double>{4000, 4000}));
  const std::vector<double> polite = low("true");
  EXPECT_EQ(polite[0], 4000);
  EXPECT_NEAR(polite[1], 1000, 400);  // a quarter of the attempts
}

TEST(Muqss, YieldingIsAsTheTunableSays) {
  Workload w;
  add(w, {ms(1), op::yield(), op::loop(0, 1000)});
  add(w, {ms(1000)});
  const Machine machine = flat_machine(1);
  auto share_of_the_other = [&](const char* type) {
    Simulation simulation("muqss", machine, w, options_of(400_ms), {{"yield_type", type, ""}});
    simulation.run();
    return simulation.times(2)[1] / 400;
  };
  EXPECT_NEAR(share_of_the_other("1"), 0.5, 0.05);  // its deadline stays the earlier one
  EXPECT_NEAR(share_of_the_other("2"), 0.87, 0.03);
}

}  // namespace
}  // namespace simsched::muqss

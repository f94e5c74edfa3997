#include <gtest/gtest.h>

#include "sim/engine.h"
#include "sim/testing.h"

namespace simsched {
namespace {

using testing::add_task;
using testing::flat_machine;
using testing::simulate;

constexpr Work kUs{1000};

// The victim is task 0.
int64_t ends_at(const std::vector<Op>& victim, Workload w = {}) {
  add_task(w, "victim", victim);
  add_task(w, "killer", {op::sleep(100_us), op::kill(TaskId(0))});
  return simulate(flat_machine(2), w).metric("makespan_ns");
}

TEST(Kills, ATaskThatWorksStopsWhereItIs) {
  EXPECT_EQ(ends_at({op::compute(900 * kUs), op::killed(kOpRuns), op::compute(3 * kUs)}), 103'000);
}

TEST(Kills, ATaskThatIsDoneWithItsWorkGoesOnUntilItIsKilled) {
  EXPECT_EQ(ends_at({op::compute(20 * kUs), op::killed(kOpRuns), op::compute(3 * kUs)}), 103'000);
  EXPECT_EQ(ends_at({op::compute(20 * kUs), op::killed(), op::compute(3 * kUs)}), 103'000) << "or sleeps until then";
}

TEST(Kills, ATaskThatSleepsHearsOfItWhenItWakes) {
  EXPECT_EQ(ends_at({op::sleep(130_us), op::compute(50 * kUs), op::sleep(130_us), op::killed(), op::compute(3 * kUs)}),
            133'000);
}

TEST(Kills, ATaskThatWaitsIsWokenByIt) {
  Workload w;
  w.nr_tokens = 1;
  w.channels = {{}};
  EXPECT_EQ(ends_at({op::wait(TokenId(0)), op::killed(), op::compute(3 * kUs)}, w), 103'000);
  EXPECT_EQ(ends_at({op::receive(ChannelId(0), 5), op::killed(), op::compute(3 * kUs)}, w), 103'000);
}

TEST(Kills, ATaskThatHasEndedIsLeftAlone) { EXPECT_EQ(ends_at({op::compute(1 * kUs)}), 100'000); }

}  // namespace
}  // namespace simsched

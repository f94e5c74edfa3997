#include <gtest/gtest.h>

#include "sim/engine.h"
#include "sim/testing.h"

namespace simsched {
namespace {

using testing::add_task;
using testing::flat_machine;
using testing::simulate;

constexpr Work kMs{1'000'000};

TEST(Frames, OneAPeriodIsNoMiss) {
  Workload w;
  add_task(w, "player", {op::compute(3 * kMs), op::frame(10_ms), op::sleep_period(10_ms), op::loop(0, 50)});
  const RunResult r = simulate(flat_machine(1), w);
  EXPECT_EQ(r.metric("frames"), 50);
  EXPECT_EQ(r.metric("deadline_misses"), 0);
  EXPECT_EQ(r.metric("frame_time_ns_mean"), 10'000'000);
  EXPECT_EQ(r.metric("frame_time_ns_max"), 10'000'000);
}

TEST(Frames, AFrameThatTakesLongerMissesThePeriodsInBetween) {
  Workload w;
  add_task(w, "player",
           {op::compute(3 * kMs), op::frame(10_ms), op::sleep_period(10_ms), op::compute(25 * kMs), op::frame(10_ms),
            op::sleep_period(10_ms), op::loop(0, 10)});
  const RunResult r = simulate(flat_machine(1), w);
  EXPECT_EQ(r.metric("frames"), 20);
  EXPECT_EQ(r.metric("deadline_misses"), 20) << "two periods each, of those of 25 ms";
  EXPECT_EQ(r.metric("frame_time_ns_max"), 32'000'000);
}

TEST(Frames, ATaskThatIsWokenForThemCountsFromItsOwnStart) {
  // The second of a pipeline: its images are late by as much each time, so that none is missing.
  Workload w;
  w.nr_tokens = 1;
  add_task(w, "game", {op::compute(3 * kMs), op::signal(TokenId(0)), op::sleep_period(10_ms), op::loop(0, 20)});
  add_task(w, "render", {op::wait(TokenId(0)), op::compute(9 * kMs), op::frame(10_ms), op::loop(0, 20)});
  const RunResult r = simulate(flat_machine(2), w);
  EXPECT_EQ(r.metric("frames"), 20);
  EXPECT_EQ(r.metric("deadline_misses"), 0);
}

}  // namespace
}  // namespace simsched

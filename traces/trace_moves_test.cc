#include "traces/trace_moves.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "traces/trace_maker.h"

namespace simsched {
namespace {

using testing::ElementsAre;

TEST(TraceMoves, AreToldByWhatSurroundsThem) {
  TraceMaker maker;
  maker.names(20, "migration/0", 0);
  maker.sw(0, 0, 0, kStateRunning, 10);
  maker.waking(100, 0, 10, 11).migrate(115, 0, 10, 11, 0, 1);            // by a task, at the last moment
  maker.waking(200, 0, 10, 12, kSoftIrq).migrate(202, 0, 10, 12, 0, 1);  // by an interrupt
  maker.waking(300, 1, 0, 13, kHardIrq).migrate(303, 1, 0, 13, 0, 1);    // by an interrupt of an idle CPU
  maker.sw(400, 0, 10, kStateRunning, 20).migrate(401, 0, 20, 10, 0, 1).sw(410, 0, 20, kStateInterruptible, 0);
  maker.migrate(500, 1, 0, 14, 0, 1);
  EXPECT_THAT(trace_moves(maker.trace(), {}).by_kind, ElementsAre(1, 1, 1, 1, 1));
  EXPECT_THAT(trace_moves(maker.trace(), {false, true}).by_kind, ElementsAre(1, 1, 0, 1, 0))
      << "what the idle task of CPU 1 raised is not counted";
}

TEST(TraceMoves, AWakingExplainsOneMoveSoonAfterOnItsCpu) {
  TraceMaker maker;
  maker.sw(0, 0, 0, kStateRunning, 10).sw(0, 1, 0, kStateRunning, 15);
  maker.waking(100, 0, 10, 11).migrate(116, 0, 10, 11, 0, 1);                                    // too late
  maker.waking(200, 0, 10, 11).migrate(201, 1, 15, 11, 0, 1);                                    // elsewhere
  maker.waking(300, 0, 10, 11).migrate(301, 0, 10, 11, 0, 1).migrate(302, 0, 10, 11, 1, 0);      // the second one
  maker.waking(400, 0, 10, 11).sw(402, 0, 10, kStateRunning, 11).migrate(403, 0, 11, 11, 0, 1);  // it ran
  EXPECT_THAT(trace_moves(maker.trace(), {}).by_kind, ElementsAre(1, 0, 0, 0, 4));
}

TEST(TraceMoves, CountsWhereNewTasksArePlaced) {
  TraceMaker maker;
  maker.fork(10, 0, 10, 11).wakeup_new(11, 0, 10, 11, 1).fork(20, 0, 10, 12).wakeup_new(21, 0, 10, 12, 0);
  const TraceMoves moves = trace_moves(maker.trace(), {});
  EXPECT_EQ(moves.placed, 2u);
  EXPECT_EQ(moves.placed_away, 1u);
}

}  // namespace
}  // namespace simsched

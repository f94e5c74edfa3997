// Kfuncs on dispatch queues: lengths, peeking, iterators and moves (the kernel's self-tests peek_dsq and dequeue_iter
// are of this kind).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policies/ext/testing.h"

namespace simsched::ext {
namespace {

using simsched::testing::add_task;
using simsched::testing::flat_machine;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using namespace testing;

// Runs `check` at 10 ms, outside of all callbacks, when the queue 0 holds tasks 1..4 in that order, of `vtimes` when it
// is ordered, and task 0 runs on CPU 0.
RunResult with_queue(Script& s, const std::function<void()>& check, std::vector<uint64_t> vtimes = {}) {
  Workload w;
  for (const char* name : {"hog", "a", "b", "c", "d"}) add_hog(w, name, 20, CpuId(0));
  s.select_cpu = [](TaskId, CpuId, uint64_t) { return 0; };
  s.init = [&s] {
    for (uint64_t id : {0, 1, 2}) EXPECT_EQ(s.ext->create_dsq(id, -1), 0);
    s.ext->set_timer(1, ExtClass::kUptime + 10_ms);
    return 0;
  };
  s.enqueue = [&s, vtimes](TaskId task, uint64_t flags) {
    if (task == TaskId(0))
      s.ext->dsq_insert(task, kDsqLocal, kSliceInf, flags);
    else if (vtimes.empty())
      s.ext->dsq_insert(task, 0, kSliceInf, flags);
    else
      s.ext->dsq_insert_vtime(task, 0, kSliceInf, vtimes[task.index() - 1], flags);
  };
  if (!s.dispatch) {
    s.dispatch = [&s](CpuId, TaskId) {
      for (uint64_t id : {2, 1, 0})
        if (s.ext->dsq_move_to_local(id)) return;
    };
  }
  s.timer = [check](uint64_t) { check(); };
  Machine machine = flat_machine(2);
  return simulate(machine, w, s);
}

std::vector<int32_t> walk(Script& s, uint64_t queue, uint64_t flags = 0) {
  std::vector<int32_t> seen;
  DsqIterator it;
  EXPECT_EQ(s.ext->iter_dsq_new(&it, queue, flags), 0);
  while (true) {
    TaskId task = s.ext->iter_dsq_next(&it);
    if (!task.valid()) break;
    seen.push_back(task.value());
  }
  s.ext->iter_dsq_destroy(&it);
  return seen;
}

TEST(ExtQueues, LengthsAreKnown) {
  Script s;
  RunResult result = with_queue(s, [&] {
    EXPECT_EQ(s.ext->dsq_nr_queued(0), 4);
    EXPECT_EQ(s.ext->dsq_nr_queued(1), 0);
    EXPECT_EQ(s.ext->dsq_nr_queued(kDsqLocalOn | 0), 0);  // what runs is on no queue
    EXPECT_EQ(s.ext->dsq_nr_queued(99), -kENOENT);
  });
  EXPECT_EQ(result.metric("makespan_ns"), 100'000'000);
  Script bad;
  with_queue(bad, [&] { EXPECT_EQ(bad.ext->dsq_nr_queued(kDsqLocalOn | 77), -kENOENT); });
  ASSERT_EQ(bad.exits.size(), 1u);
  EXPECT_EQ(bad.exits[0].message, "invalid CPU 77");
}

TEST(ExtQueues, PeekShowsTheFirstTask) {
  Script s;
  RunResult good = with_queue(s, [&] {
    EXPECT_EQ(s.ext->dsq_peek(0), TaskId(1));
    EXPECT_FALSE(s.ext->dsq_peek(1).valid());
  });
  EXPECT_EQ(good.status, "ok");
  for (uint64_t id : {kDsqLocal, uint64_t{99}}) {
    Script bad;
    RunResult result = with_queue(bad, [&] { EXPECT_FALSE(bad.ext->dsq_peek(id).valid()); });
    EXPECT_THAT(result.status,
                HasSubstr(id == 99 ? "peek on non-existent DSQ 0x63" : "peek disallowed on builtin DSQ"));
  }
}

TEST(ExtQueues, AQueueInUseCannotBeDestroyed) {
  Script s;
  RunResult result = with_queue(s, [&] { s.ext->destroy_dsq(0); });
  EXPECT_THAT(result.status, HasSubstr("attempting to destroy in-use dsq 0x0000000000000000 (nr=4)"));
  EXPECT_EQ(result.metric("tasks_exited"), 5);
}

TEST(ExtQueues, TakingFromAQueueThatDoesNotExistIsAnError) {
  Script s;
  s.dispatch = [&](CpuId, TaskId) { s.ext->dsq_move_to_local(99); };
  EXPECT_THAT(with_queue(s, [] {}).status, HasSubstr("invalid DSQ ID 0x0000000000000063"));
}

TEST(ExtQueues, IteratorsGoBothWays) {
  Script s;
  with_queue(s, [&] {
    EXPECT_THAT(walk(s, 0), ElementsAre(1, 2, 3, 4));
    EXPECT_THAT(walk(s, 0, 1), ElementsAre(4, 3, 2, 1));
    EXPECT_THAT(walk(s, 1), ElementsAre());
    DsqIterator it;
    EXPECT_EQ(s.ext->iter_dsq_new(&it, 0, 8), -kEINVAL);
    EXPECT_EQ(s.ext->iter_dsq_new(&it, 99, 0), -kENOENT);
    EXPECT_FALSE(s.ext->iter_dsq_next(&it).valid());
    EXPECT_FALSE(s.ext->dsq_move(&it, TaskId(1), 1, 0));
  });
  Script ordered;
  with_queue(ordered, [&] { EXPECT_THAT(walk(ordered, 0), ElementsAre(2, 4, 1, 3)); },
             {UINT64_MAX, UINT64_MAX - 5, 3, UINT64_MAX - 2});
}

TEST(ExtQueues, MovingTasksWhileIteratingVisitsEachOnce) {
  for (uint64_t flags : {0, 1}) {
    Script s;
    RunResult result = with_queue(s, [&, flags] {
      std::vector<int32_t> seen;
      DsqIterator it;
      s.ext->iter_dsq_new(&it, 0, flags);
      while (true) {
        TaskId task = s.ext->iter_dsq_next(&it);
        if (!task.valid()) break;
        seen.push_back(task.value());
        if (task.value() % 2 == 1) {
          EXPECT_TRUE(s.ext->dsq_move(&it, task, 1, 0));
        }
      }
      using List = std::vector<int32_t>;
      EXPECT_EQ(seen, flags ? (List{4, 3, 2, 1}) : (List{1, 2, 3, 4}));
      EXPECT_THAT(walk(s, 0), ElementsAre(2, 4));
      EXPECT_EQ(walk(s, 1), flags ? (List{3, 1}) : (List{1, 3}));
    });
    EXPECT_EQ(result.status, "ok");
  }
}

TEST(ExtQueues, TasksThatCameBackLaterAreNeitherVisitedNorMoved) {
  Script s;
  with_queue(s, [&] {
    DsqIterator it;
    s.ext->iter_dsq_new(&it, 0, 0);
    EXPECT_EQ(s.ext->iter_dsq_next(&it), TaskId(1));
    EXPECT_TRUE(s.ext->dsq_move(&it, TaskId(1), 0, 0));   // to the end of the same queue
    EXPECT_FALSE(s.ext->dsq_move(&it, TaskId(1), 1, 0));  // it is another visit now
    EXPECT_EQ(s.ext->iter_dsq_next(&it), TaskId(2));
    EXPECT_EQ(s.ext->iter_dsq_next(&it), TaskId(3));
    EXPECT_EQ(s.ext->iter_dsq_next(&it), TaskId(4));
    EXPECT_FALSE(s.ext->iter_dsq_next(&it).valid());
    EXPECT_THAT(walk(s, 0), ElementsAre(2, 3, 4, 1));
  });
}

TEST(ExtQueues, AnIteratorKeepsItsPlaceWhenTasksAreTakenAway) {
  Script s;
  std::vector<int32_t> seen;
  s.dispatch = [&](CpuId cpu, TaskId) {
    if (cpu != CpuId(1) || !seen.empty()) return void(s.ext->dsq_move_to_local(0));
    DsqIterator it;
    s.ext->iter_dsq_new(&it, 0, 0);
    while (true) {
      TaskId task = s.ext->iter_dsq_next(&it);
      if (!task.valid()) break;
      seen.push_back(task.value());
      if (task == TaskId(2)) {  // what was shown goes, and what comes next
        s.ext->dsq_move_to_local(0), s.ext->dsq_move_to_local(0), s.ext->dsq_move_to_local(0);
      }
    }
  };
  EXPECT_EQ(with_queue(s, [&] { s.ext->kick_cpu(1, 0); }).status, "ok");
  EXPECT_THAT(seen, ElementsAre(1, 2, 4));
}

TEST(ExtQueues, AMoveCanSetSliceAndVtimeOnce) {
  Script s;
  with_queue(s, [&] {
    DsqIterator it;
    s.ext->iter_dsq_new(&it, 0, 0);
    s.ext->dsq_move_set_slice(&it, 1234);
    s.ext->dsq_move_set_vtime(&it, 99);
    EXPECT_TRUE(s.ext->dsq_move_vtime(&it, TaskId(2), 1, 0));
    EXPECT_EQ(s.slice(TaskId(2)), 1234u);
    EXPECT_EQ(s.vtime(TaskId(2)), 99u);
    s.vtime(TaskId(3)) = 5;
    EXPECT_TRUE(s.ext->dsq_move_vtime(&it, TaskId(3), 1, 0));
    EXPECT_EQ(s.slice(TaskId(3)), kSliceInf);
    EXPECT_THAT(walk(s, 1), ElementsAre(3, 2));
  });
}

TEST(ExtQueues, AMoveToAnotherCpusLocalQueueTakesTheTaskThere) {
  Script s;
  CpuId ran_on;
  Nanos ran_at;
  s.running = [&](TaskId task) {
    if (task == TaskId(3)) ran_on = s.ext->task_cpu(task), ran_at = s.ext->kernel().now();
  };
  RunResult result = with_queue(s, [&] {
    DsqIterator it;
    s.ext->iter_dsq_new(&it, 0, 0);
    EXPECT_TRUE(s.ext->dsq_move(&it, TaskId(3), kDsqLocalOn | 1, 0));
  });
  EXPECT_EQ(result.status, "ok");
  EXPECT_EQ(ran_on, CpuId(1));
  EXPECT_EQ(ran_at, 10_ms);
}

TEST(ExtQueues, AMoveWithPreemptTakesTheCpu) {
  Script s;
  Nanos ran_at;
  s.running = [&](TaskId task) {
    if (task == TaskId(4)) ran_at = s.ext->kernel().now();
  };
  with_queue(s, [&] {
    DsqIterator it;
    s.ext->iter_dsq_new(&it, 0, 0);
    EXPECT_TRUE(s.ext->dsq_move(&it, TaskId(4), kDsqLocalOn | 0, kEnqPreempt));
  });
  EXPECT_EQ(ran_at, 10_ms);
}

TEST(ExtQueues, InDispatchAMoveCountsAsFound) {
  Script s;
  int moves = 0;
  s.dispatch = [&](CpuId, TaskId) {
    DsqIterator it;
    s.ext->iter_dsq_new(&it, 0, 0);
    TaskId task = s.ext->iter_dsq_next(&it);
    if (task.valid()) moves += s.ext->dsq_move(&it, task, kDsqLocal, 0);
  };
  EXPECT_EQ(with_queue(s, [] {}).status, "ok");
  EXPECT_EQ(moves, 4);
}

TEST(ExtQueues, SlicesAndVtimesCanBeSetDirectly) {
  Script s;
  with_queue(s, [&] {
    EXPECT_TRUE(s.ext->task_set_slice(TaskId(2), 77));
    EXPECT_TRUE(s.ext->task_set_dsq_vtime(TaskId(2), 78));
    EXPECT_EQ(s.slice(TaskId(2)), 77u);
    EXPECT_EQ(s.vtime(TaskId(2)), 78u);
    EXPECT_FALSE(s.ext->task_set_slice(TaskId(), 1));
  });
}

TEST(ExtTimers, RunWhenTheyAreDueUnlessSetAnewOrCancelled) {
  Workload w;
  add_hog(w, "hog", 50);
  Script s = Script::shared_queue();
  std::vector<std::pair<uint64_t, Nanos>> fired;
  s.init = [&] {
    s.ext->set_timer(1, ExtClass::kUptime + 5_ms), s.ext->set_timer(2, ExtClass::kUptime + 6_ms),
        s.ext->set_timer(3, ExtClass::kUptime + 7_ms);
    s.ext->set_timer(2, ExtClass::kUptime + 9_ms), s.ext->cancel_timer(3);
    return s.ext->create_dsq(0, -1);
  };
  s.timer = [&](uint64_t key) {
    fired.emplace_back(key, s.ext->kernel().now());
    if (key == 1 && fired.size() == 1) s.ext->set_timer(1, ExtClass::kUptime + 20_ms);
  };
  Machine machine = flat_machine(1);
  EXPECT_EQ(simulate(machine, w, s).status, "ok");
  EXPECT_THAT(fired, ElementsAre(std::pair<uint64_t, Nanos>(1, 5_ms), std::pair<uint64_t, Nanos>(2, 9_ms),
                                 std::pair<uint64_t, Nanos>(1, 20_ms)));
}

}  // namespace
}  // namespace simsched::ext

// A scheduler that forgets a task is thrown out.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

#include "policies/ext/testing.h"

namespace simsched::ext {
namespace {

using simsched::testing::add_task;
using simsched::testing::flat_machine;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using namespace testing;

// Tasks stay where they are; the tests make it forget one.
Script forgetful() {
  Script s = Script::shared_queue();
  s.info.name = "forgetful";
  s.select_cpu = [](TaskId, CpuId prev, uint64_t) { return prev.value(); };
  return s;
}

struct Outcome {
  RunResult result;
  ExitInfo exit;
  Nanos at;
};

Outcome run_forgetful(Nanos timeout, Nanos lost_from) {
  Workload w;
  TaskId lost = add_task(w, "lost", {op::sleep(lost_from), op::compute(ms(5))});
  add_hog(w, "other", lost_from / 1_ms + 3 * (timeout / 1_ms) + 100000);
  w.tasks[1].background = true;
  Script s = forgetful();
  s.info.timeout = timeout;
  s.enqueue = [&](TaskId task, uint64_t flags) {
    if (task != lost || s.ext->kernel().now() < lost_from) s.ext->dsq_insert(task, 0, kSliceDfl, flags);
  };
  Outcome outcome;
  s.exit = [&](const ExitInfo& info) { outcome.exit = info, outcome.at = s.ext->kernel().now(); };
  Machine machine = flat_machine(1);
  outcome.result = simulate(machine, w, s);
  return outcome;
}

TEST(ExtWatchdog, AForgottenTaskEndsTheScheduler) {
  Outcome o = run_forgetful(2_s, 700_ms);
  EXPECT_EQ(o.exit.kind, ExitKind::kErrorStall);
  EXPECT_EQ(o.exit.reason, "runnable task stall");
  EXPECT_THAT(o.exit.message, MatchesRegex("lost\\[1000\\] failed to run for [0-9]+\\.[0-9][0-9][0-9]s"));
  // Looked for every second, so after more than 2 and up to 3 seconds.
  EXPECT_GT(o.at, 2700_ms);
  EXPECT_LE(o.at, 3710_ms);
  EXPECT_EQ(o.result.exit_code, 42);
  EXPECT_THAT(o.result.status, HasSubstr("policy \"forgetful\" disabled (runnable task stall)"));
  EXPECT_THAT(o.result.status, HasSubstr("lost[1000] failed to run for"));
}

TEST(ExtWatchdog, TheMessageSaysHowLongTheTaskHasWaited) {
  Outcome o = run_forgetful(2_s, 700_ms);
  int seconds = 0, millis = 0;
  ASSERT_EQ(std::sscanf(o.exit.message.c_str(), "lost[1000] failed to run for %d.%ds", &seconds, &millis), 2);
  EXPECT_LE(std::abs(seconds * 1000 + millis - (o.at - 700_ms) / 1_ms), 10);
}

TEST(ExtWatchdog, TheTimeOutIs30SecondsUnlessTheSchedulerWantsLess) {
  Outcome o = run_forgetful(0_s, 1_s);
  EXPECT_GT(o.at, 31_s);
  EXPECT_LE(o.at, 46_s);
  Outcome shorter = run_forgetful(100_ms, 1_s);
  EXPECT_GT(shorter.at, 1100_ms);
  EXPECT_LE(shorter.at, 1160_ms);
}

TEST(ExtWatchdog, AfterwardsTheFairClassRunsAllTasks) {
  Outcome o = run_forgetful(1_s, 100_ms);
  EXPECT_LE(o.result.metric("makespan_ns"), (o.at + 50_ms).count());
}

TEST(ExtWatchdog, TimeOnTheCpuDoesNotCount) {
  Workload w;
  add_hog(w, "hog", 5000);
  Script s = Script::shared_queue();
  s.info.timeout = 100_ms;
  s.enqueue = [&](TaskId task, uint64_t flags) { s.ext->dsq_insert(task, 0, kSliceInf, flags); };
  Machine machine = flat_machine(1);
  EXPECT_EQ(simulate(machine, w, s).status, "ok");
}

TEST(ExtWatchdog, TasksThatTakeTurnsAreFine) {
  Workload w;
  for (int i = 0; i < 4; ++i) add_hog(w, "hog", 500);
  Script s = Script::shared_queue();
  s.info.timeout = 200_ms;
  Machine machine = flat_machine(1);
  EXPECT_EQ(simulate(machine, w, s).status, "ok");
}

TEST(ExtWatchdog, MovingBetweenQueuesDoesNotResetTheWait) {
  Workload w;
  TaskId lost = add_task(w, "lost", {op::sleep(10_ms), op::compute(ms(5))});
  add_hog(w, "other", 3000);
  Script s = forgetful();
  s.info.timeout = 500_ms;
  s.init = [&] {
    s.ext->create_dsq(0, -1), s.ext->create_dsq(1, -1), s.ext->create_dsq(2, -1);
    return s.ext->set_timer(1, ExtClass::kUptime + 20_ms), 0;
  };
  s.enqueue = [&](TaskId task, uint64_t flags) {
    s.ext->dsq_insert(task, task == lost && s.ext->kernel().now() >= 10_ms ? 1 : 0, kSliceDfl, flags);
  };
  int moves = 0;
  s.timer = [&](uint64_t) {  // to and fro
    for (uint64_t from : {uint64_t{1}, uint64_t{2}}) {
      DsqIterator it;
      s.ext->iter_dsq_new(&it, from, 0);
      TaskId task = s.ext->iter_dsq_next(&it);
      if (task.valid() && s.ext->dsq_move(&it, task, 3 - from, 0)) {
        ++moves;
        break;
      }
    }
    s.ext->set_timer(1, s.ext->now() + 20_ms);
  };
  Machine machine = flat_machine(1);
  EXPECT_EQ(simulate(machine, w, s).exit_code, 42);
  EXPECT_GT(moves, 20);
}

TEST(ExtWatchdog, ACallbackThatFailsInItsOwnWayHasItsOwnExitCode) {
  for (int code : {43, 44}) {
    Workload w;
    add_hog(w, "hog", 50);
    Script s = Script::shared_queue();
    s.tick = [&](TaskId) { s.ext->fault("bad pointer", code); };
    Machine machine = flat_machine(1);
    RunResult result = simulate(machine, w, s);
    EXPECT_EQ(result.exit_code, code);
    EXPECT_THAT(result.status, HasSubstr("bad pointer"));
  }
}

// scx_packet as it was first published (free5GC): one queue, of which only even CPUs take, and each
// enqueue kicks CPU 0 alone. A task that may run on odd CPUs only is never run.
TEST(ExtWatchdog, ThePublishedScxPacketStallsATaskOfOddCpus) {
  Workload w;
  for (int i = 0; i < 3; ++i) add_task(w, "packet", {op::compute(ms(5)), op::sleep(1_ms), op::loop(0, 10000)});
  TaskId odd = add_hog(w, "odd", 10);
  pin(w, odd, CpuSet::parse("1,3"));
  for (int i = 0; i < 3; ++i) w.tasks[static_cast<size_t>(i)].background = true;
  Script s = Script::shared_queue();
  s.info.name = "packet";
  s.select_cpu = [&](TaskId task, CpuId prev, uint64_t flags) {
    bool idle = false;
    return s.ext->select_cpu_dfl(task, prev.value(), flags, &idle);
  };
  s.enqueue = [&](TaskId task, uint64_t flags) {
    s.ext->dsq_insert(task, 0, kSliceDfl, flags);
    s.ext->kick_cpu(0, kKickIdle);
  };
  s.dispatch = [&](CpuId cpu, TaskId) {
    if (cpu.value() % 2 == 0) s.ext->dsq_move_to_local(0);
  };
  Machine machine = flat_machine(4);
  RunResult result = simulate(machine, w, s);
  EXPECT_EQ(result.exit_code, 42);
  EXPECT_THAT(result.status, HasSubstr("odd[1003] failed to run for"));
}

// And where CPU 0 is not enough: FIFO real-time work keeps it busy, the other CPUs idle and nobody wakes them.
TEST(ExtWatchdog, ThePublishedScxPacketStallsWhenCpu0IsTaken) {
  Workload w;
  TaskId rt = add_rt(w, "rt", {op::compute(ms(100000))}, CpuId(0));
  pin(w, rt, CpuSet::single(CpuId(0)));
  w.tasks[rt.index()].background = true;
  TaskId task = add_task(w, "packet", {op::compute(ms(5)), op::sleep(1_ms), op::loop(0, 10)});
  w.tasks[task.index()].start_cpu = CpuId(1);
  Script s = Script::shared_queue();
  s.select_cpu = [](TaskId, CpuId, uint64_t) { return 1; };
  s.enqueue = [&](TaskId t, uint64_t flags) {
    s.ext->dsq_insert(t, 0, kSliceDfl, flags);
    s.ext->kick_cpu(0, kKickIdle);
  };
  s.dispatch = [&](CpuId cpu, TaskId) {
    if (cpu.value() % 2 == 0) s.ext->dsq_move_to_local(0);
  };
  Machine machine = flat_machine(3);
  EXPECT_EQ(simulate(machine, w, s).exit_code, 42);
}

}  // namespace
}  // namespace simsched::ext

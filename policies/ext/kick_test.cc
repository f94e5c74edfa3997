// Kicks, and a CPU that a higher class takes away: cpu_release, cpu_acquire, reenqueue_local.
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

// Tasks go to one queue, and nobody is woken for them: `kick` decides. Returns when task 0 first ran.
Nanos first_run(Script& s, const std::function<void(TaskId)>& kick, uint64_t hog_slice = kSliceInf) {
  Workload w;
  TaskId task = add_task(w, "late", {op::sleep(10_ms), op::compute(ms(1))});
  TaskId hog = add_hog(w, "hog", 50, CpuId(1));
  pin(w, hog, CpuSet::single(CpuId(1)));
  w.tasks[task.index()].start_cpu = CpuId(1);
  s.use_shared_queue(0);
  s.select_cpu = [](TaskId, CpuId, uint64_t) { return 1; };  // wakes no other CPU than the busy one
  s.enqueue = [&s, kick, hog_slice](TaskId t, uint64_t flags) {
    bool late = t == TaskId(0) && s.ext->kernel().now() >= 10_ms;
    s.ext->dsq_insert(t, late ? 0 : kDsqLocal, t == TaskId(1) ? hog_slice : kSliceDfl, flags);
    if (late) kick(t);
  };
  Nanos ran = Nanos::max();
  s.running = [&](TaskId t) {
    if (t == task && s.ext->kernel().now() >= 10_ms) ran = std::min(ran, s.ext->kernel().now());
  };
  Machine machine = flat_machine(2);
  EXPECT_EQ(simulate(machine, w, s).status, "ok");
  return ran;
}

TEST(ExtKick, WithoutAKickNobodyLooks) {
  Script s;
  EXPECT_EQ(first_run(s, [](TaskId) {}), 50_ms);
}

TEST(ExtKick, WakesAnIdleCpu) {
  for (uint64_t flags : {uint64_t{0}, uint64_t{kKickIdle}, uint64_t{kKickPreempt}}) {
    Script s;
    EXPECT_EQ(first_run(s, [&, flags](TaskId) { s.ext->kick_cpu(0, flags); }), 10_ms);
  }
}

TEST(ExtKick, OfABusyCpuAlonePreemptsNothing) {
  for (uint64_t flags : {uint64_t{0}, uint64_t{kKickIdle}}) {
    Script s;
    EXPECT_EQ(first_run(s, [&, flags](TaskId) { s.ext->kick_cpu(1, flags); }), 50_ms);
  }
}

TEST(ExtKick, WithPreemptEndsTheSliceOfWhatRuns) {
  Script s;
  EXPECT_EQ(first_run(s, [&](TaskId) { s.ext->kick_cpu(1, kKickPreempt); }), 10_ms);
}

TEST(ExtKick, IdleWithPreemptIsAnError) {
  Workload w;
  add_hog(w, "task", 5);
  Script s = Script::shared_queue();
  s.running = [&](TaskId) { s.ext->kick_cpu(0, kKickIdle | kKickPreempt); };
  Machine machine = flat_machine(1);
  EXPECT_THAT(simulate(machine, w, s).status, HasSubstr("PREEMPT/WAIT cannot be used with SCX_KICK_IDLE"));
}

TEST(ExtKick, OfACpuThatDoesNotExistIsAnError) {
  Workload w;
  add_hog(w, "task", 5);
  Script s = Script::shared_queue();
  s.running = [&](TaskId) { s.ext->kick_cpu(4, 0); };
  Machine machine = flat_machine(4);
  EXPECT_THAT(simulate(machine, w, s).status, HasSubstr("invalid CPU 4"));
}

TEST(ExtKick, LeavesAHigherClassAlone) {
  Workload w;
  add_rt(w, "rt", {op::compute(ms(20))}, CpuId(0));
  add_task(w, "task", {op::sleep(5_ms), op::compute(ms(1))});
  Script s = Script::shared_queue();
  s.select_cpu = [](TaskId, CpuId, uint64_t) { return 0; };
  s.enqueue = [&](TaskId task, uint64_t flags) {
    s.ext->dsq_insert(task, kDsqLocal, kSliceDfl, flags);
    s.ext->kick_cpu(0, kKickPreempt);
  };
  Machine machine = flat_machine(1);
  RunResult result = simulate(machine, w, s);
  EXPECT_EQ(result.status, "ok");
  EXPECT_EQ(result.metric("makespan_ns"), 26'000'000);  // the task only sleeps once rt is through
}

TEST(ExtKick, OfTheOwnCpuWhileItChoosesComesAfterwards) {
  Workload w;
  add_task(w, "task", {op::sleep(5_ms), op::compute(ms(1))});
  Script s = Script::shared_queue();
  int looks = 0;
  s.dispatch = [&](CpuId cpu, TaskId) {
    // Only every tenth look takes a task, and each asks for the next one.
    if (++looks % 10 == 0)
      s.ext->dsq_move_to_local(0);
    else if (s.ext->dsq_nr_queued(0) > 0)
      s.ext->kick_cpu(cpu.value(), 0);
  };
  s.select_cpu = [](TaskId, CpuId, uint64_t) { return 0; };
  Machine machine = flat_machine(1);
  RunResult result = simulate(machine, w, s);
  EXPECT_EQ(result.status, "ok");
  EXPECT_EQ(result.metric("makespan_ns"), 6'000'000);
}

TEST(ExtKick, WithWaitHoldsTheKickerUntilTheOtherHasChosen) {
  Machine plain = flat_machine(2);
  MachineSpec spec = plain.spec();
  spec.costs.resched_ipi = 100_us;  // how long the interrupt takes
  Machine machine(std::move(spec));
  auto makespan = [&](uint64_t flags) {
    Workload w;
    for (int i = 0; i < 2; ++i) pin(w, add_hog(w, "hog", 20, CpuId(i)), CpuSet::single(CpuId(i)));
    Script s = Script::shared_queue();
    s.enqueue = [&](TaskId task, uint64_t enq) { s.ext->dsq_insert(task, kDsqLocal, kSliceInf, enq); };
    bool kicked = false;
    s.tick = [&](TaskId task) {
      if (task != TaskId(0) || kicked || s.ext->kernel().now() < 5_ms) return;
      kicked = true;
      s.ext->kick_cpu(1, flags);
    };
    return simulate(machine, w, s).metric("makespan_ns");
  };
  EXPECT_EQ(makespan(0), 20'000'000);
  EXPECT_EQ(makespan(kKickWait), 20'100'000);
}

TEST(ExtKick, CpusThatWaitForEachOtherInACircleGoOn) {
  Machine plain = flat_machine(3);
  MachineSpec spec = plain.spec();
  spec.costs.resched_ipi = 5_us;
  Machine machine(std::move(spec));
  Workload w;
  for (int i = 0; i < 12; ++i) {
    TaskId task = add_task(w, "worker", {op::compute(Work(50'000)), op::yield(), op::loop(0, 2000)});
    pin(w, task, CpuSet::single(CpuId(i % 3)));
  }
  Script s;
  s.info.timeout = 1_s;
  int kicks = 0;
  s.enqueue = [&](TaskId task, uint64_t flags) {
    s.ext->dsq_insert(task, kDsqGlobal, kSliceDfl, flags);
    ++kicks;
    s.ext->kick_cpu((s.ext->this_cpu().value() + 1) % 3, kKickWait);
  };
  EXPECT_EQ(simulate(machine, w, s).status, "ok");
  EXPECT_GT(kicks, 1000);
}

TEST(ExtPreempt, TheSchedulerHearsWhenAHigherClassTakesACpuAndGivesItBack) {
  Workload w;
  add_hog(w, "hog", 20);
  TaskId rt = add_rt(w, "rt", {op::sleep(5_ms), op::compute(ms(2)), op::loop(0, 2)});
  Script s = Script::shared_queue();
  std::vector<std::string> log;
  s.cpu_release = [&](CpuId cpu, int32_t reason, TaskId by) {
    EXPECT_EQ(cpu, CpuId(0));
    EXPECT_EQ(by, rt);
    log.push_back("release " + std::to_string(reason));
  };
  s.cpu_acquire = [&](CpuId) { log.emplace_back("acquire"); };
  s.running = [&](TaskId) { log.emplace_back("running"); };
  s.stopping = [&](TaskId, bool runnable) { log.emplace_back(runnable ? "preempted" : "done"); };
  Machine machine = flat_machine(1);
  EXPECT_EQ(simulate(machine, w, s).status, "ok");
  while (!log.empty() && log.front() != "preempted") log.erase(log.begin());
  EXPECT_THAT(log, ElementsAre("preempted", "release 0", "acquire", "running", "preempted", "release 0", "acquire",
                               "running", "done"));
}

TEST(ExtPreempt, WhatWaitsOnTheLostCpuCanBeEnqueuedElsewhere) {
  Workload w;
  TaskId a = add_hog(w, "a", 20, CpuId(0)), b = add_hog(w, "b", 20, CpuId(0));
  add_rt(w, "rt", {op::sleep(5_ms), op::compute(ms(50))}, CpuId(0));
  pin(w, TaskId(2), CpuSet::single(CpuId(0)));
  Script s = Script::shared_queue();
  std::vector<TaskId> again;
  s.select_cpu = [](TaskId, CpuId, uint64_t) { return 0; };
  s.enqueue = [&](TaskId task, uint64_t flags) {
    if (flags & kEnqReenq) again.push_back(task);
    s.ext->dsq_insert(task, flags & kEnqReenq ? 0 : kDsqLocal, 30'000'000, flags);
    if (flags & kEnqReenq) s.ext->kick_cpu(1, kKickIdle);
  };
  s.cpu_release = [&](CpuId, int32_t, TaskId) { EXPECT_EQ(s.ext->reenqueue_local(), 2u); };
  Machine machine = flat_machine(2);
  RunResult result = simulate(machine, w, s);
  EXPECT_EQ(result.status, "ok");
  EXPECT_THAT(again, ElementsAre(a, b));
  EXPECT_EQ(result.cpu_busy_ns[1], 35'000'000);
}

TEST(ExtPreempt, FromElsewhereTheLocalQueueIsEnqueuedAnewAtOnceAfterwards) {
  Workload w;
  for (int i = 0; i < 3; ++i) add_hog(w, "task", 20, CpuId(0));
  Script s;
  int again = 0;
  s.select_cpu = [](TaskId, CpuId, uint64_t) { return 0; };
  s.enqueue = [&](TaskId task, uint64_t flags) {
    again += (flags & kEnqReenq) != 0;
    s.ext->dsq_insert(task, kDsqLocalOn | (flags & kEnqReenq ? 1 : 0), kSliceInf, flags);
  };
  bool done = false;
  s.tick = [&](TaskId) {
    if (!done) s.ext->reenqueue_local();
    done = true;
  };
  Machine machine = flat_machine(2);
  EXPECT_EQ(simulate(machine, w, s).status, "ok");
  EXPECT_EQ(again, 2);
}

}  // namespace
}  // namespace simsched::ext

// How a CPU gets its next task: the order of queues, slices, flags of enqueueing, the dispatch buffer and loop.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policies/ext/testing.h"

namespace simsched::ext {
namespace {

using simsched::testing::add_task;
using simsched::testing::flat_machine;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Gt;
using ::testing::HasSubstr;
using namespace testing;

constexpr uint64_t kMs = 1'000'000;

// A choice of CPU that leaves the rest to enqueue().
int32_t stay(TaskId, CpuId prev, uint64_t) { return prev.value(); }

// Names of tasks in the order in which they start to run.
std::vector<std::string> order_of(const Workload& w, Script& script, size_t cpus = 1) {
  std::vector<std::string> order;
  if (!script.select_cpu) script.select_cpu = stay;
  script.running = [&](TaskId task) { order.push_back(w.task_name(task)); };
  Machine machine = flat_machine(cpus);
  EXPECT_EQ(simulate(machine, w, script).status, "ok");
  return order;
}

// A task that runs before those of add_late() wake.
void add_hog_after(Workload& w, const char* name, int64_t milliseconds) {
  w.tasks[add_hog(w, name, milliseconds).index()].start = 500_us;
}

// One that comes at 1 ms.
TaskId add_late(Workload& w, const char* name) { return add_task(w, name, {op::sleep(1_ms), op::compute(ms(1))}); }

TEST(ExtDispatch, AFreeCpuLooksAtItsLocalQueueThenTheGlobalOneThenAsksTheScheduler) {
  Workload w;
  add_hog_after(w, "hog", 30);
  for (const char* name : {"user", "global", "local"}) add_late(w, name);
  Script s = Script::shared_queue();
  s.enqueue = [&](TaskId task, uint64_t flags) {
    std::string name = w.task_name(task);
    bool first = s.ext->kernel().now() < 1_ms && name != "hog";
    uint64_t queue = first || name == "local" ? kDsqLocal : name == "global" ? kDsqGlobal : 0;
    s.ext->dsq_insert(task, queue, name == "hog" ? 4 * kMs : 20 * kMs, flags);
  };
  std::vector<std::string> order = order_of(w, s);
  order.erase(order.begin(), order.begin() + 4);  // until three of them sleep
  EXPECT_THAT(order, ElementsAre("local", "global", "user", "hog"));
}

TEST(ExtDispatch, TheLastTaskIsKeptWithAFullSlice) {
  Workload w;
  add_hog(w, "hog", 95);
  Script s = Script::shared_queue();
  s.select_cpu = stay;
  Machine machine = flat_machine(1);
  Simulation sim(machine, w, s);
  EXPECT_EQ(sim.run().status, "ok");
  EXPECT_EQ(sim.ext().calls(Op::kEnqueue), 1u);
  EXPECT_GE(sim.event("DISPATCH_KEEP_LAST"), 3);
  EXPECT_EQ(sim.event("REFILL_SLICE_DFL"), sim.event("DISPATCH_KEEP_LAST"));
}

TEST(ExtDispatch, ATaskWithSliceLeftIsKeptWithoutAskingTheScheduler) {
  Workload w;
  add_hog(w, "a", 50);
  add_hog(w, "b", 10);
  Script s = Script::shared_queue();
  s.enqueue = [&](TaskId task, uint64_t flags) { s.ext->dsq_insert(task, 0, kSliceInf, flags); };
  s.tick = [&](TaskId) { s.ext->kick_cpu(0, 0); };
  uint64_t dispatches = 0;
  s.stopping = [&](TaskId task, bool runnable) {
    if (task == TaskId(0)) dispatches = s.ext->calls(Op::kDispatch);
    EXPECT_FALSE(runnable);
    EXPECT_EQ(s.slice(task), kSliceInf);
  };
  EXPECT_THAT(order_of(w, s), ElementsAre("a", "b"));
  EXPECT_LE(dispatches, 2u);
}

TEST(ExtDispatch, EnqLastHandsTheLastTaskToTheScheduler) {
  Workload w;
  add_hog(w, "hog", 95);
  Script s = Script::shared_queue();
  s.info.flags = kOpsEnqLast;
  int lasts = 0;
  s.enqueue = [&](TaskId task, uint64_t flags) {
    s.ext->dsq_insert(task, 0, kSliceDfl, flags);
    if (!(flags & kEnqLast)) return;
    ++lasts;
    s.ext->kick_cpu(s.ext->task_cpu(task).value(), 0);
  };
  Machine machine = flat_machine(1);
  Simulation sim(machine, w, s);
  EXPECT_EQ(sim.run().status, "ok");
  EXPECT_GE(lasts, 3);
  EXPECT_EQ(sim.event("DISPATCH_KEEP_LAST"), 0);
}

TEST(ExtDispatch, ASliceOfZeroMeansTheOneItHas) {
  Workload w;
  add_hog(w, "has", 1);
  add_hog(w, "none", 1);
  Script s;
  s.select_cpu = stay;
  s.enqueue = [&](TaskId task, uint64_t flags) {
    s.slice(task) = task == TaskId(0) ? 7 * kMs : 0;
    s.ext->dsq_insert(task, kDsqGlobal, 0, flags);
  };
  std::vector<uint64_t> slices;
  s.running = [&](TaskId task) { slices.push_back(s.slice(task)); };
  Machine machine = flat_machine(1);
  simulate(machine, w, s);
  ASSERT_GE(slices.size(), 2u);
  EXPECT_EQ(slices[0], 7 * kMs);
  EXPECT_EQ(slices[1], 1u);
}

TEST(ExtDispatch, ASliceEndsAtATick) {
  Workload w;
  for (const char* name : {"a", "b"}) add_hog(w, name, 40);
  Script s = Script::shared_queue();
  s.enqueue = [&](TaskId task, uint64_t flags) { s.ext->dsq_insert(task, 0, 10 * kMs, flags); };
  EXPECT_GE(order_of(w, s).size(), 6u);
}

TEST(ExtDispatch, WhatAHigherClassPreemptsGoesOnWhereItWas) {
  Workload w;
  add_hog(w, "a", 15);
  add_hog(w, "b", 5);
  add_rt(w, "rt", {op::sleep(3_ms), op::compute(ms(1))});
  Script s;
  s.enqueue = [&](TaskId task, uint64_t flags) { s.ext->dsq_insert(task, kDsqLocal, 20 * kMs, flags); };
  int again = 0;
  s.stopping = [&](TaskId, bool runnable) { again += runnable; };
  EXPECT_THAT(order_of(w, s), ElementsAre("a", "a", "b"));
  EXPECT_EQ(again, 1);
}

TEST(ExtDispatch, HeadGoesInFront) {
  Workload w;
  add_hog_after(w, "hog", 5);
  for (const char* name : {"a", "b", "c"}) add_late(w, name);
  Script s = Script::shared_queue();
  s.enqueue = [&](TaskId task, uint64_t flags) {
    bool late = s.ext->kernel().now() >= 1_ms;
    s.ext->dsq_insert(task, late ? 0 : kDsqLocal, 20 * kMs,
                      flags | (late && task == TaskId(3) ? uint64_t{kEnqHead} : 0));
  };
  std::vector<std::string> order = order_of(w, s);
  order.erase(order.begin(), order.end() - 3);
  EXPECT_THAT(order, ElementsAre("c", "a", "b"));
}

TEST(ExtDispatch, PreemptTakesTheCpuAtOnceAndTheRestOfTheSlice) {
  Workload w;
  add_hog(w, "hog", 30);
  add_task(w, "urgent", {op::sleep(10_ms), op::compute(ms(1))});
  Script s;
  std::vector<std::pair<std::string, uint64_t>> stops;
  s.enqueue = [&](TaskId task, uint64_t flags) {
    s.ext->dsq_insert(task, kDsqLocal, kSliceInf, flags | (task == TaskId(1) ? uint64_t{kEnqPreempt} : 0));
  };
  s.stopping = [&](TaskId task, bool runnable) {
    if (runnable) stops.emplace_back(w.task_name(task), s.slice(task));
  };
  EXPECT_THAT(order_of(w, s), ElementsAre("urgent", "hog", "urgent", "hog"));
  EXPECT_THAT(stops, ElementsAre(std::pair<std::string, uint64_t>("hog", 0)));
}

TEST(ExtDispatch, ADirectDispatchToAnotherCpuHappensWhenItsRunQueueCanBeLocked) {
  Workload w;
  for (int i = 0; i < 2; ++i) add_task(w, "sleeper", {op::compute(ms(1)), op::sleep(2_ms), op::loop(0, 10)});
  Script s;
  s.select_cpu = [&](TaskId task, CpuId, uint64_t) {
    if (task == TaskId(0)) s.ext->dsq_insert(task, kDsqLocalOn | 1, kSliceDfl, 0);
    return 0;
  };
  s.enqueue = [&](TaskId task, uint64_t flags) { s.ext->dsq_insert(task, kDsqLocalOn | 2, kSliceDfl, flags); };
  s.running = [&](TaskId task) { EXPECT_EQ(s.ext->task_cpu(task).value(), task.value() + 1); };
  Machine machine = flat_machine(3);
  RunResult result = simulate(machine, w, s);
  EXPECT_EQ(result.status, "ok");
  EXPECT_EQ(result.metric("makespan_ns"), 30'000'000);
}

TEST(ExtDispatch, ATaskThatWasQueuedAnewSinceItsInsertionIsNotDispatched) {
  Workload w;
  add_hog(w, "task", 5);
  w.tasks[0].start_cpu = CpuId(0);
  Script s;
  int enqueues = 0, dequeues = 0, inserts = 0;
  s.select_cpu = [](TaskId, CpuId, uint64_t) { return 0; };
  s.enqueue = [&](TaskId, uint64_t) { ++enqueues; };
  s.dequeue = [&](TaskId, uint64_t) { ++dequeues; };
  s.dispatch = [&](CpuId cpu, TaskId) {
    if (enqueues == 0 || s.ext->kernel().now() > 0_s || cpu != s.ext->task_cpu(TaskId(0))) return;
    s.ext->dsq_insert(TaskId(0), kDsqLocal, kSliceDfl, 0);
    if (++inserts == 2) return;  // asked again, as the first had no effect
    for (int to : {1, 0}) s.ext->kernel().move_queued_task(TaskId(0), CpuId(to), MigrationKind::kActive);
  };
  Machine machine = flat_machine(2);
  EXPECT_EQ(simulate(machine, w, s).status, "ok");
  EXPECT_EQ(enqueues, 3);
  EXPECT_EQ(dequeues, 2);
  EXPECT_EQ(inserts, 2);
}

TEST(ExtDispatch, InsertingATaskTwiceDispatchesItOnce) {
  Workload w;
  add_hog(w, "a", 5);
  Script s;
  std::vector<TaskId> waiting;
  s.enqueue = [&](TaskId task, uint64_t) { waiting.push_back(task); };
  s.dispatch = [&](CpuId, TaskId) {
    for (TaskId task : waiting)
      for (uint64_t queue : {kDsqGlobal, kDsqLocal}) s.ext->dsq_insert(task, queue, kSliceDfl, 0);
    waiting.clear();
  };
  EXPECT_THAT(order_of(w, s), ElementsAre("a"));
}

TEST(ExtDispatch, TheDispatchBufferHasItsSize) {
  Workload w;
  for (int i = 0; i < 3; ++i) add_hog(w, "task", 5);
  Script s;
  s.select_cpu = stay;
  s.info.dispatch_max_batch = 2;
  std::vector<TaskId> waiting;
  std::vector<uint32_t> slots;
  s.enqueue = [&](TaskId task, uint64_t) { waiting.push_back(task); };
  s.dispatch = [&](CpuId, TaskId) {
    if (waiting.size() < 3) return;
    slots.push_back(s.ext->dispatch_nr_slots());
    s.ext->dsq_insert(waiting[0], kDsqGlobal, kSliceDfl, 0);
    slots.push_back(s.ext->dispatch_nr_slots());
    s.ext->dispatch_cancel();
    slots.push_back(s.ext->dispatch_nr_slots());
    for (TaskId task : waiting) s.ext->dsq_insert(task, kDsqGlobal, kSliceDfl, 0);
  };
  Machine machine = flat_machine(1);
  RunResult result = simulate(machine, w, s);
  EXPECT_THAT(slots, ElementsAre(2, 1, 2));
  EXPECT_THAT(result.status, HasSubstr("dispatch buffer overflow"));
  EXPECT_EQ(result.exit_code, 43);
}

TEST(ExtDispatch, CancellingNothingIsAnError) {
  Workload w;
  add_hog(w, "task", 5);
  Script s = Script::shared_queue();
  s.select_cpu = stay;
  s.dispatch = [&](CpuId, TaskId) { s.ext->dispatch_cancel(); };
  Machine machine = flat_machine(1);
  EXPECT_THAT(simulate(machine, w, s).status, HasSubstr("dispatch buffer underflow"));
}

TEST(ExtDispatch, ASchedulerThatDispatchesWhatCannotRunDoesNotHangTheCpu) {
  Workload w;
  add_task(w, "real", {op::sleep(1_ms), op::compute(ms(1))});
  add_task(w, "asleep", {op::sleep(50_ms)});
  Script s = Script::shared_queue();
  s.select_cpu = stay;
  int calls = 0;
  s.dispatch = [&](CpuId, TaskId) {
    if (s.ext->kernel().now() >= 1_ms && ++calls <= 100) {
      s.ext->dsq_insert(TaskId(1), kDsqLocal, kSliceDfl, 0);  // it sleeps
    } else {
      s.ext->dsq_move_to_local(0);
    }
  };
  Nanos ran;
  s.running = [&](TaskId task) {
    if (task == TaskId(0)) ran = s.ext->kernel().now();
  };
  Machine machine = flat_machine(1);
  EXPECT_EQ(simulate(machine, w, s).status, "ok");
  // 32 times in a row and then once more through schedule(), three times: no time passes.
  EXPECT_GE(calls, 100);
  EXPECT_EQ(ran, 1_ms);
}

TEST(ExtDispatch, OrderedQueuesRunTheLeastVtimeFirst) {
  Workload w;
  add_hog_after(w, "hog", 5);
  for (const char* name : {"a", "b", "c"}) add_late(w, name);
  Script s = Script::shared_queue();
  s.enqueue = [&](TaskId task, uint64_t flags) {
    if (s.ext->kernel().now() < 1_ms) return void(s.ext->dsq_insert(task, kDsqLocal, kSliceDfl, flags));
    s.ext->dsq_insert_vtime(task, 0, kSliceDfl, UINT64_MAX - 1 + static_cast<uint64_t>(4 - task.value()), flags);
  };
  std::vector<std::string> order = order_of(w, s);
  order.erase(order.begin(), order.end() - 3);
  EXPECT_THAT(order, ElementsAre("c", "b", "a"));  // of UINT64_MAX - 1 and the two that follow when it wraps around
}

TEST(ExtDispatch, AQueueIsEitherFifoOrOrdered) {
  for (bool fifo_first : {false, true}) {
    Workload w;
    for (int i = 0; i < 3; ++i) add_hog(w, "task", 5);
    Script s = Script::shared_queue();
    s.select_cpu = stay;
    s.enqueue = [&, fifo_first](TaskId task, uint64_t flags) {
      if (fifo_first == (task == TaskId(0)))
        s.ext->dsq_insert(task, 0, kSliceDfl, flags);
      else
        s.ext->dsq_insert_vtime(task, 0, kSliceDfl, 5, flags);
    };
    s.dispatch = [](CpuId, TaskId) {};
    Machine machine = flat_machine(1);
    EXPECT_THAT(simulate(machine, w, s).status,
                HasSubstr(fifo_first ? "already had FIFO-enqueued tasks" : "already had PRIQ-enqueued tasks"));
  }
}

// A kfunc called from a callback that must not call it throws the scheduler out.
void expect_not_allowed(const std::function<void(Script&)>& prepare) {
  Workload w;
  for (int i = 0; i < 2; ++i) add_hog(w, "task", 30);
  Script s = Script::shared_queue();
  prepare(s);
  Machine machine = flat_machine(1);
  RunResult result = simulate(machine, w, s);
  EXPECT_THAT(result.status, HasSubstr("called from an operation only allowing"));
  EXPECT_EQ(result.exit_code, 43);
  EXPECT_EQ(result.metric("makespan_ns"), 60'000'000);  // the fair class finishes the work
}

TEST(ExtDispatch, KfuncsOfOtherCallbacksAreErrors) {
  expect_not_allowed([](Script& s) { s.running = [&](TaskId t) { s.ext->dsq_insert(t, 0, kSliceDfl, 0); }; });
  expect_not_allowed([](Script& s) { s.tick = [&](TaskId t) { s.ext->dsq_insert_vtime(t, 0, kSliceDfl, 0, 0); }; });
  expect_not_allowed([](Script& s) { s.enqueue = [&](TaskId, uint64_t) { s.ext->dsq_move_to_local(0); }; });
  expect_not_allowed([](Script& s) { s.stopping = [&](TaskId, bool) { s.ext->dispatch_cancel(); }; });
  expect_not_allowed([](Script& s) {
    bool idle = false;
    s.dispatch = [&s, idle](CpuId, TaskId) mutable { s.ext->select_cpu_dfl(TaskId(0), 0, 0, &idle); };
  });
  expect_not_allowed([](Script& s) {
    s.runnable = [&](TaskId t, uint64_t) {
      DsqIterator it;
      s.ext->iter_dsq_new(&it, 0, 0);
      s.ext->dsq_move(&it, t, 0, 0);
    };
  });
}

}  // namespace
}  // namespace simsched::ext

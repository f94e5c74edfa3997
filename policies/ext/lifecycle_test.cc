// Loading, leaving, and what a task goes through: init, enable, weights, affinities, disable, exit.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "policies/ext/testing.h"

namespace simsched::ext {
namespace {

using simsched::testing::add_task;
using simsched::testing::flat_machine;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using namespace testing;

Workload two_hogs() {
  Workload w;
  for (int i = 0; i < 2; ++i) add_hog(w, "hog", 20);
  return w;
}

// Runs two hogs on one CPU, which the fair class finishes.
RunResult refused(Script& s) {
  Workload w = two_hogs();
  Machine machine = flat_machine(1);
  RunResult result = simulate(machine, w, s);
  EXPECT_EQ(result.metric("makespan_ns"), 40'000'000);
  return result;
}

TEST(ExtLoad, MembersAreCheckedBeforeAnythingIsCalled) {
  const std::pair<std::function<void(OpsInfo&)>, const char*> cases[] = {
      {[](OpsInfo& i) { i.name.clear(); }, "ops.name is empty"},
      {[](OpsInfo& i) { i.flags = 1 << 30; }, "invalid ops.flags"},
      {[](OpsInfo& i) { i.timeout = 30001_ms; }, "more than 30000"},
  };
  for (const auto& [change, message] : cases) {
    Script s;
    change(s.info);
    s.init = [] { return ADD_FAILURE(), 0; };
    RunResult result = refused(s);
    EXPECT_THAT(result.status, HasSubstr(message));
    EXPECT_EQ(result.exit_code, 43);
    EXPECT_TRUE(s.exits.empty());
  }
}

TEST(ExtLoad, FlagsAreCheckedAfterInit) {
  for (uint64_t flag : {uint64_t{kOpsEnqLast}, uint64_t{kOpsBuiltinIdlePerNode}}) {
    Script s;
    s.info.flags = flag;
    s.update_idle = [](CpuId, bool) {};
    int inits = 0;
    s.init = [&] { return ++inits, 0; };
    EXPECT_THAT(refused(s).status, HasSubstr("requires"));
    EXPECT_EQ(inits, 1);
    ASSERT_EQ(s.exits.size(), 1u);
    EXPECT_EQ(s.exits[0].kind, ExitKind::kError);
  }
}

TEST(ExtLoad, AFailingInitIsAnError) {
  for (int32_t answer : {-kENOMEM, 7}) {
    Script s;
    s.init = [answer] { return answer; };
    EXPECT_THAT(refused(s).status,
                HasSubstr(answer < 0 ? "ops.init() failed (-12)" : "ops.init() returned an invalid errno 7"));
  }
}

TEST(ExtLoad, AFailingInitTaskIsAnErrorThatNamesTheTask) {
  Script s;
  s.init_task = [](TaskId task, bool) { return task == TaskId(1) ? -kENOMEM : 0; };
  EXPECT_THAT(refused(s).status, HasSubstr("ops.init_task() failed (-12) for hog[1001]"));
}

TEST(ExtExit, AnErrorHasItsKindMessageAndCode) {
  Script s = Script::shared_queue();
  s.tick = [&](TaskId) { s.ext->policy_error("no such luck"); };
  RunResult result = refused(s);
  EXPECT_THAT(result.status, HasSubstr("policy \"test\" disabled (scx_bpf_error)"));
  EXPECT_THAT(result.status, HasSubstr("no such luck"));
  EXPECT_EQ(result.exit_code, 43);
  ASSERT_EQ(s.exits.size(), 1u);
  EXPECT_EQ(s.exits[0].kind, ExitKind::kErrorBpf);
  EXPECT_THAT(s.exits[0].dump, HasSubstr("hog[1000]"));
}

TEST(ExtExit, TheFirstReasonCounts) {
  Script s = Script::shared_queue();
  s.tick = [&](TaskId) {
    s.ext->exit(5, "first");
    s.ext->policy_error("second");
  };
  RunResult result = refused(s);
  ASSERT_EQ(s.exits.size(), 1u);
  EXPECT_EQ(s.exits[0].message, "first");
}

TEST(ExtExit, ASchedulerMayLeaveByItself) {
  Script s = Script::shared_queue();
  s.tick = [&](TaskId) { s.ext->exit(3, "enough"); };
  RunResult result = refused(s);
  EXPECT_THAT(result.status, HasSubstr("left (unregistered from BPF)"));
  EXPECT_EQ(result.exit_code, 0);
  ASSERT_EQ(s.exits.size(), 1u);
  EXPECT_EQ(s.exits[0].kind, ExitKind::kUnregBpf);
  EXPECT_EQ(s.exits[0].exit_code, 3);
}

TEST(ExtExit, AskingForARestartLoadsItAgainWithNewQueues) {
  Workload w = two_hogs();
  Script s = Script::shared_queue();
  int inits = 0;
  bool left = false;
  s.init = [&] { return ++inits, s.ext->create_dsq(0, -1); };
  s.tick = [&](TaskId) {
    if (s.ext->kernel().now() < 10_ms || left) return;
    left = true;
    s.ext->exit(static_cast<int64_t>(kEcodeActRestart), "again");
  };
  Machine machine = flat_machine(1);
  Simulation sim(machine, w, s);
  RunResult result = sim.run();
  EXPECT_EQ(result.status, "ok");
  EXPECT_EQ(inits, 2);
  EXPECT_EQ(s.exits.size(), 1u);
  EXPECT_TRUE(sim.ext().enabled());
  EXPECT_EQ(result.metric("makespan_ns"), 40'000'000);
}

TEST(ExtExit, WhileItIsThrownOutNothingOfItDecides) {
  Workload w = two_hogs();
  Script s = Script::shared_queue();
  bool failed = false;
  s.enqueue = [&](TaskId task, uint64_t flags) {
    EXPECT_FALSE(failed);
    s.ext->dsq_insert(task, 0, kSliceDfl, flags);
  };
  s.dispatch = [&](CpuId, TaskId) {
    EXPECT_FALSE(failed);
    s.ext->dsq_move_to_local(0);
  };
  s.tick = [&](TaskId) { failed = true, s.ext->policy_error("x"); };
  Machine machine = flat_machine(1);
  simulate(machine, w, s);
  EXPECT_TRUE(failed);
}

struct Counts {
  int init = 0, fork = 0, enable = 0, disable = 0, exit = 0;
};

Counts count(Workload w, bool partial, Nanos leave = Nanos::max()) {
  Counts c;
  Script s;
  if (partial) s.info.flags = kOpsSwitchPartial;
  std::map<TaskId, int> state;  // 1: initialised, 2: enabled
  s.init_task = [&](TaskId task, bool fork) {
    EXPECT_EQ(state[task], 0);
    state[task] = 1;
    c.fork += fork;
    return ++c.init, 0;
  };
  auto change = [&](TaskId task, int from, int to, int* counter) {
    EXPECT_EQ(state[task], from);
    state[task] = to;
    ++*counter;
  };
  s.enable = [&](TaskId task) { change(task, 1, 2, &c.enable); };
  s.disable = [&](TaskId task) { change(task, 2, 1, &c.disable); };
  s.exit_task = [&](TaskId task, bool cancelled) {
    EXPECT_FALSE(cancelled);
    change(task, 1, 0, &c.exit);
  };
  s.init = [&] {
    if (leave != Nanos::max()) s.ext->set_timer(1, ExtClass::kUptime + leave);
    return 0;
  };
  s.timer = [&](uint64_t) { s.ext->exit(0, ""); };
  Machine machine = flat_machine(2);
  simulate(machine, w, s);
  return c;
}

Workload family(SchedPolicy policy) {
  Workload w;
  TaskId child = add_hog(w, "child", 5);
  TaskId parent = add_task(w, "parent", {op::compute(ms(1)), op::fork(child), op::wait_child(), op::compute(ms(1))});
  add_hog(w, "other", 30);
  add_rt(w, "rt", {op::compute(ms(1))});
  w.tasks[child.index()].parent = parent;
  for (TaskId task : {child, parent}) w.tasks[task.index()].policy = policy;
  return w;
}

TEST(ExtTasks, AllAreInitialisedAndThoseOfTheClassEnabled) {
  Counts all = count(family(SchedPolicy::kNormal), false);
  EXPECT_EQ(all.init, 4);
  EXPECT_EQ(all.fork, 1);
  EXPECT_EQ(all.enable, 3);  // not the real-time task
  EXPECT_EQ(all.disable, 3);
  EXPECT_EQ(all.exit, 4);
  Counts none = count(family(SchedPolicy::kNormal), true);
  EXPECT_EQ(none.init, 4);
  EXPECT_EQ(none.enable, 0);
  EXPECT_EQ(none.exit, 4);
  Counts some = count(family(SchedPolicy::kExt), true);
  EXPECT_EQ(some.init, 4);
  EXPECT_EQ(some.enable, 2);
  EXPECT_EQ(some.disable, 2);
  EXPECT_EQ(some.exit, 4);
}

TEST(ExtTasks, AllThatAreLeftAreDisabledAndExitedWhenTheSchedulerLeaves) {
  Counts c = count(family(SchedPolicy::kNormal), false, 3_ms);
  EXPECT_EQ(c.init, 4);
  EXPECT_EQ(c.enable, c.disable);
  EXPECT_EQ(c.init, c.exit);
}

TEST(ExtTasks, JoinAndLeaveTheClassByPolicy) {
  Workload w;
  TaskId task = add_task(w, "task",
                         {op::compute(ms(1)), set_policy(SchedPolicy::kExt), op::compute(ms(1)),
                          set_policy(SchedPolicy::kNormal), op::compute(ms(1))});
  pin(w, task, CpuSet::parse("0-1"));
  Script s;
  s.info.flags = kOpsSwitchPartial;
  std::vector<std::string> log;
  s.enable = [&](TaskId) { log.emplace_back("enable"); };
  s.set_weight = [&](TaskId, uint32_t) {
    if (log.back() != "weight") log.emplace_back("weight");
  };
  s.set_cpumask = [&](TaskId, const CpuSet& cpus) { log.push_back("cpumask " + cpus.str()); };
  s.runnable = [&](TaskId, uint64_t) { log.emplace_back("runnable"); };
  s.running = [&](TaskId) { log.emplace_back("running"); };
  s.stopping = [&](TaskId, bool) { log.emplace_back("stopping"); };
  s.quiescent = [&](TaskId, uint64_t) { log.emplace_back("quiescent"); };
  s.disable = [&](TaskId) { log.emplace_back("disable"); };
  s.enqueue = [](TaskId, uint64_t) { ADD_FAILURE() << "it runs on"; };
  Machine machine = flat_machine(2);
  EXPECT_EQ(simulate(machine, w, s).status, "ok");
  std::erase(log, "weight");
  EXPECT_THAT(log, ElementsAre("enable", "cpumask 0-1", "runnable", "running", "stopping", "quiescent", "disable"));
}

TEST(ExtTasks, DisallowKeepsATaskOutOfTheClass) {
  Workload w;
  add_hog(w, "task", 5);
  w.tasks[0].policy = SchedPolicy::kExt;
  Script s;
  s.info.flags = kOpsSwitchPartial;
  s.init_task = [&](TaskId task, bool) { return *s.ext->fields(task).disallow = 1, 0; };
  s.enable = [](TaskId) { ADD_FAILURE(); };
  Machine machine = flat_machine(1);
  EXPECT_EQ(simulate(machine, w, s).status, "ok");
}

TEST(ExtTasks, DisallowDuringForkIsAnErrorForATaskThatAsksForTheClass) {
  for (SchedPolicy policy : {SchedPolicy::kNormal, SchedPolicy::kExt}) {
    Script s;
    s.info.flags = kOpsSwitchPartial;
    s.init_task = [&](TaskId task, bool fork) { return *s.ext->fields(task).disallow = fork, 0; };
    Workload w = family(policy);
    Machine machine = flat_machine(2);
    std::string status = simulate(machine, w, s).status;
    EXPECT_THAT(status, HasSubstr(policy == SchedPolicy::kNormal
                                      ? "ok"
                                      : "ops.init_task() set task->scx.disallow for child[1000] during fork"));
  }
}

TEST(ExtTasks, WeightsFollowNice) {
  Workload w;
  add_task(w, "task",
           {op::compute(ms(1)), set_nice(19), op::compute(ms(1)), set_nice(-20), op::compute(ms(1)), set_nice(5),
            op::compute(ms(1))});
  Script s;
  std::vector<uint32_t> weights;
  s.set_weight = [&](TaskId task, uint32_t weight) {
    EXPECT_EQ(*s.ext->fields(task).weight, weight);
    weights.push_back(weight);
  };
  Machine machine = flat_machine(1);
  simulate(machine, w, s);
  EXPECT_THAT(weights, ElementsAre(100, 1, 8668, 33));
}

TEST(ExtTasks, TheSameNiceAgainChangesNothing) {
  Workload w;
  add_task(w, "task", {op::compute(ms(1)), set_nice(5), op::compute(ms(1)), set_nice(5), op::compute(ms(1))});
  Script s;
  int weights = 0, quiescent = 0;
  s.set_weight = [&](TaskId, uint32_t) { ++weights; };
  s.quiescent = [&](TaskId, uint64_t) { ++quiescent; };
  Machine machine = flat_machine(1);
  simulate(machine, w, s);
  EXPECT_EQ(weights, 2) << "when it is enabled, and at the first change";
  EXPECT_EQ(quiescent, 2) << "at the first change, and when it exits";
}

TEST(ExtTasks, FromRealTimeATaskIsToldItsWeightOnce) {
  Workload w;
  TaskId task = add_task(w, "task", {op::compute(ms(1)), set_policy(SchedPolicy::kNormal), op::compute(ms(1))});
  w.tasks[task.index()].policy = SchedPolicy::kFifo;
  w.tasks[task.index()].rt_priority = 10;
  Script s;
  std::vector<std::string> log;
  s.enable = [&](TaskId) { log.emplace_back("enable"); };
  s.set_weight = [&](TaskId, uint32_t weight) { log.push_back("weight " + std::to_string(weight)); };
  Machine machine = flat_machine(1);
  EXPECT_EQ(simulate(machine, w, s).status, "ok");
  EXPECT_THAT(log, ElementsAre("enable", "weight 100"));
}

TEST(ExtTasks, AChangeOfNiceOrAffinityTakesATaskOffItsQueueAndLeavesItRunning) {
  for (bool nice : {true, false}) {
    Workload w;
    AffinityId half = w.intern_affinity(CpuSet::parse("0-1"));
    TaskId task =
        add_task(w, "task", {op::compute(ms(1)), nice ? set_nice(3) : set_affinity(half), op::compute(ms(1))});
    w.tasks[task.index()].start_cpu = CpuId(1);
    Script s;
    std::vector<std::string> log;
    s.enqueue = [&](TaskId t, uint64_t flags) {
      log.emplace_back("enqueue");
      s.ext->dsq_insert(t, kDsqLocal, kSliceDfl, flags);
    };
    s.select_cpu = [](TaskId, CpuId prev, uint64_t) { return prev.value(); };
    s.runnable = [&](TaskId, uint64_t) { log.emplace_back("runnable"); };
    s.running = [&](TaskId) { log.emplace_back("running"); };
    s.stopping = [&](TaskId, bool) { log.emplace_back("stopping"); };
    s.quiescent = [&](TaskId, uint64_t) { log.emplace_back("quiescent"); };
    s.set_weight = [&](TaskId, uint32_t) { log.emplace_back("change"); };
    s.set_cpumask = [&](TaskId, const CpuSet& cpus) {
      log.emplace_back("change");
      EXPECT_EQ(cpus.size(), 2u);
    };
    Machine machine = flat_machine(4);
    EXPECT_EQ(simulate(machine, w, s).status, "ok");
    if (log.front() == "change") log.erase(log.begin());  // the weight it starts with
    EXPECT_THAT(log, ElementsAre("runnable", "enqueue", "running", "stopping", "quiescent", "change", "runnable",
                                 "running", "stopping", "quiescent"));
  }
}

TEST(ExtTasks, ATaskMustLeaveACpuThatItIsNoLongerAllowedOn) {
  Workload w;
  TaskId task = add_task(
      w, "task", {op::compute(ms(1)), set_affinity(w.intern_affinity(CpuSet::parse("2-3"))), op::compute(ms(5))});
  w.tasks[task.index()].start_cpu = CpuId(0);
  Script s = Script::shared_queue();
  Machine machine = flat_machine(4);
  RunResult result = simulate(machine, w, s);
  EXPECT_EQ(result.status, "ok");
  EXPECT_EQ(result.cpu_busy_ns[2], 5'000'000);
}

TEST(ExtTasks, YieldEndsTheSliceUnlessTheSchedulerDecides) {
  for (bool decides : {false, true}) {
    Workload w;
    for (const char* name : {"a", "b"}) {
      TaskId task = add_task(w, name, {op::compute(ms(1)), op::yield(), op::compute(ms(1))});
      w.tasks[task.index()].start_cpu = CpuId(0);
    }
    Script s = Script::shared_queue();
    int yields = 0;
    if (decides) {
      s.yield = [&](TaskId, TaskId to) {
        EXPECT_FALSE(to.valid());
        return ++yields, false;
      };
    }
    std::vector<std::string> order;
    s.running = [&](TaskId task) { order.push_back(w.task_name(task)); };
    Machine machine = flat_machine(1);
    simulate(machine, w, s);
    using List = std::vector<std::string>;
    EXPECT_EQ(order, decides ? (List{"a", "b"}) : (List{"a", "b", "a", "b"}));
    EXPECT_EQ(yields, decides ? 2 : 0);
  }
}

}  // namespace
}  // namespace simsched::ext

#include "sim/engine.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/error.h"
#include "sim/testing.h"

namespace simsched {
namespace {

using testing::add_task;
using testing::flat_machine;
using testing::queue_classes;
using testing::simulate;

int64_t named(const NamedNanos& list, const std::string& name) {
  for (const auto& [key, value] : list)
    if (key == name) return value;
  ADD_FAILURE() << "no " << name;
  return -1;
}

// Takes ordinary tasks, and is never left for a class below.
class Selfish : public testing::QueueClass {
 public:
  Selfish() : QueueClass(false) {}
  bool takes(SchedPolicy policy) const override { return policy == SchedPolicy::kNormal; }
};

TEST(Engine, OneTaskTakesItsWork) {
  Workload w;
  add_task(w, "a", {op::compute(Work(5'000'000))});
  EXPECT_EQ(simulate(flat_machine(1), w).metric("makespan_ns"), 5'000'000);
}

TEST(Engine, TwoTasksShareOneCpuAndSpreadOverTwo) {
  Workload w;
  add_task(w, "a", {op::compute(Work(10'000'000))});
  add_task(w, "b", {op::compute(Work(10'000'000))});
  EXPECT_EQ(simulate(flat_machine(1), w).metric("makespan_ns"), 20'000'000);
  EXPECT_EQ(simulate(flat_machine(2), w).metric("makespan_ns"), 10'000'000);
}

TEST(Engine, SlowCoreTakesLongerAndSaysWhy) {
  MachineSpec spec = flat_machine(1).spec();
  spec.cpus[0].capacity = 512;
  Workload w;
  add_task(w, "a", {op::compute(Work(1'000'001))});
  RunResult r = simulate(Machine(spec), w);
  EXPECT_EQ(r.metric("makespan_ns"), 2'000'002);
  EXPECT_EQ(named(r.task_time, "work_ns"), 1'000'001);
  EXPECT_EQ(named(r.task_time, "slowdown_capacity_ns"), 1'000'001);
}

TEST(Engine, BusySiblingSlowsBothThreads) {
  MachineSpec spec = flat_machine(2, 2).spec();
  spec.smt_share = 512;
  Workload w;
  add_task(w, "a", {op::compute(Work(1'000'000))});
  add_task(w, "b", {op::compute(Work(3'000'000))});
  RunResult r = simulate(Machine(spec), w);
  // Both at half speed until a is done at 2 ms; b then has 2 ms of work left at full speed.
  EXPECT_EQ(r.metric("makespan_ns"), 4'000'000);
  EXPECT_EQ(named(r.task_time, "slowdown_smt_ns"), 2'000'000);
}

TEST(Engine, ContextSwitchCostIsOverheadNotWork) {
  MachineSpec spec = flat_machine(1).spec();
  spec.costs.context_switch = Nanos(2000);
  Workload w;
  add_task(w, "a", {op::compute(Work(1'000'000)), op::sleep(10_us), op::compute(Work(1'000'000))});
  RunResult r = simulate(Machine(spec), w);
  EXPECT_EQ(named(r.task_time, "overhead_ns"), 4000);
  EXPECT_EQ(r.metric("makespan_ns"), 2'014'000);
}

// The queue of these classes is left at a tick only: a task that waits for a real-time hog never runs.
TEST(Engine, SaysWhoStarved) {
  Workload w;
  add_task(w, "quick", {op::compute(Work(200'000'000))});
  const TaskId left_out = add_task(w, "left-out", {op::compute(Work(1'000'000))});
  w.tasks[left_out.index()].background = true;
  w.tasks[left_out.index()].policy = SchedPolicy::kIdle;
  auto classes = queue_classes();
  classes.insert(classes.begin() + 1, std::make_unique<Selfish>());
  const Machine machine = flat_machine(1);
  Engine engine(machine, w, {}, std::move(classes));
  engine.run();
  const RunResult starved = engine.result();
  EXPECT_EQ(starved.metric("tasks_starved"), 1);
  EXPECT_EQ(starved.metric("tasks_unfinished"), 0);
  EXPECT_EQ(starved.exit_code, 0);
  EXPECT_EQ(starved.status,
            "the foreground finished because the background did not run: left-out[1001] waited for a CPU for up to 200 "
            "ms and "
            "had one for 0 us");

  const RunResult shared = simulate(flat_machine(1), w);
  EXPECT_EQ(shared.metric("tasks_starved"), 0);
  EXPECT_EQ(shared.status, "ok");
}

// It waits for nearly all of its life, and is served each time.
TEST(Engine, ALateTaskIsNotStarved) {
  Workload w;
  for (int i = 0; i < 20; ++i) add_task(w, "hog", {op::compute(Work(500'000'000))});
  const TaskId late = add_task(w, "late", {op::compute(Work(1000)), op::sleep(1_us), op::loop(0, 0)});
  w.tasks[late.index()].background = true;
  const RunResult r = simulate(flat_machine(1), w);
  EXPECT_EQ(r.metric("tasks_starved"), 0) << r.status;
}

TEST(Engine, ManyThatShareAreNotStarved) {
  Workload w;
  for (int i = 0; i < 2500; ++i) add_task(w, "t", {op::compute(Work(1'000'000'000))});
  EngineOptions options;
  options.duration = Nanos(12'000'000'000);
  const Machine machine = flat_machine(1);
  Engine engine(machine, w, options, queue_classes());
  engine.run();
  EXPECT_EQ(engine.result().metric("tasks_starved"), 0);
}

TEST(Engine, CountsWhatWasLeftUndone) {
  Workload w;
  for (int i = 0; i < 3; ++i) add_task(w, "t", {op::compute(Work(10'000'000 * (i + 1)))});
  EngineOptions options;
  options.duration = Nanos(25'000'000);
  const RunResult cut = simulate(flat_machine(3), w, options);
  EXPECT_EQ(cut.metric("tasks_exited"), 2);
  EXPECT_EQ(cut.metric("tasks_unfinished"), 1);
  EXPECT_EQ(cut.metric("tasks_starved"), 0) << "it ran to the end";
}

TEST(Engine, SignalBeforeWaitMakesTheWaitFree) {
  Workload w;
  w.nr_tokens = 1;
  add_task(w, "early", {op::signal(TokenId(0))});
  add_task(w, "late", {op::compute(Work(1000)), op::wait(TokenId(0)), op::compute(Work(1000))});
  const RunResult r = simulate(flat_machine(2), w);
  EXPECT_EQ(r.metric("makespan_ns"), 2000);
  EXPECT_EQ(r.metric("waits"), 1);
  EXPECT_EQ(r.metric("waits_free"), 1);
}

TEST(Engine, WaitersAreServedInOrder) {
  Workload w;
  w.nr_tokens = 1;
  add_task(w, "first", {op::wait(TokenId(0)), op::compute(Work(100))});
  add_task(w, "second", {op::compute(Work(10)), op::wait(TokenId(0)), op::compute(Work(5))});
  add_task(w, "signaller",
           {op::compute(Work(1000)), op::signal(TokenId(0)), op::compute(Work(1000)), op::signal(TokenId(0))});
  const RunResult r = simulate(flat_machine(3), w);
  EXPECT_EQ(r.metric("makespan_ns"), 2005);
  EXPECT_EQ(r.metric("waits"), 2);
  EXPECT_EQ(r.metric("waits_free"), 0);
}

TEST(Engine, ParentWaitsForItsChildren) {
  Workload w;
  TaskId parent = add_task(w, "make", {});
  TaskId child = add_task(w, "cc", {op::compute(Work(7000))}, parent);
  w.tasks[parent.index()].first_op = static_cast<uint32_t>(w.ops.size());
  for (const Op& o : {op::fork(child), op::wait_child(), op::compute(Work(1000))}) w.ops.push_back(o);
  w.tasks[parent.index()].nr_ops = 3;
  RunResult r = simulate(flat_machine(2), w);
  EXPECT_EQ(r.metric("makespan_ns"), 8000);
  EXPECT_EQ(r.metric("forks"), 1);
  EXPECT_EQ(named(r.task_time, "blocked_child_ns"), 7000);
}

TEST(Engine, TokensOfTheirOwnCpuWakeWhoWaitsThere) {
  Workload w;
  w.nr_tokens = 2;
  Op wait = op::wait(TokenId(0)), signal = op::signal(TokenId(0));
  wait.slot = signal.slot = 2;
  for (int i = 0; i < 2; ++i) {
    add_task(w, "worker", {wait, op::compute(Work(1000))});
    w.tasks.back().affinity = w.intern_affinity(CpuSet::single(CpuId(i)));
    w.tasks.back().background = true;
  }
  add_task(w, "user", {op::compute(Work(1000)), signal, op::sleep(1_ms)});
  w.tasks.back().affinity = w.intern_affinity(CpuSet::single(CpuId(1)));
  Machine machine = flat_machine(2);
  Engine engine(machine, w, {}, queue_classes());
  engine.run();
  EXPECT_EQ(engine.task_state(TaskId(0)), TaskState::kBlocked);
  EXPECT_EQ(engine.task_state(TaskId(1)), TaskState::kDead);
}

TEST(Engine, ASleepOfTicksEndsAtATick) {
  constexpr Nanos kPeriod = 4_ms;  // 250 Hz
  std::vector<Nanos> woken;
  for (Nanos works : {100_us, 1500_us, 3900_us}) {
    Workload w;
    add_task(w, "a", {op::compute(Work(works.count())), op::sleep(kPeriod * 3, kOpTick), op::compute(Work(1))});
    Machine machine = flat_machine(1);
    Engine engine(machine, w, {}, queue_classes());
    engine.run();
    woken.push_back(engine.now() - 1_ns);
    EXPECT_GT(woken.back(), works + kPeriod * 2);
    EXPECT_LE(woken.back(), works + kPeriod * 3);
  }
  for (Nanos at : woken) EXPECT_EQ((at - woken[0]) % kPeriod, 0_ns) << "all at the phase of the ticks";
}

TEST(Engine, WhoHasToldItsParentOfItsExitIsNotPreempted) {
  for (auto [preempt, lasts] : {std::pair(Preempt::kNone, 20_ms), std::pair(Preempt::kFull, 36_ms)}) {
    Workload w;
    w.nr_tokens = 1;
    add_task(w, "child", {op::signal(TokenId(0), kOpExits), op::compute(Work(20'000'000))});
    add_task(w, "hog", {op::compute(Work(100'000'000))});
    w.tasks[1].background = true;
    EngineOptions options;
    options.kernel.preempt = preempt;
    EXPECT_NEAR(static_cast<double>(simulate(flat_machine(1), w, options).metric("makespan_ns")),
                static_cast<double>(lasts.count()), preempt == Preempt::kNone ? 0 : 4e6);
  }
}

TEST(Engine, LoopsNestAndPeriodsAreKept) {
  Workload w;
  add_task(w, "a", {op::compute(Work(100)), op::sleep_period(1000_ns), op::loop(0, 5)});
  EXPECT_EQ(simulate(flat_machine(1), w).metric("makespan_ns"), 5000);
  Workload nested;
  add_task(nested, "b", {op::compute(Work(1)), op::loop(0, 3, 0), op::loop(0, 4, 1)});
  EXPECT_EQ(simulate(flat_machine(1), nested).metric("makespan_ns"), 12);
}

TEST(Engine, ExecMovesThroughTheStopper) {
  Workload w;
  add_task(w, "a", {op::compute(Work(1000)), op::exec(), op::compute(Work(1000))});
  MachineSpec spec = flat_machine(2).spec();
  spec.costs.stopper = Nanos(500);
  spec.costs.refill_llc = Nanos(300);
  Machine machine(spec);
  EngineOptions options;
  options.check_invariants = true;
  Engine engine(machine, w, options, queue_classes(CpuId(1)));
  engine.run();
  EXPECT_EQ(engine.result().metric("makespan_ns"), 2800);
  EXPECT_EQ(engine.result().metric("migrations_exec"), 1);
  EXPECT_EQ(named(engine.result().task_time, "refill_ns"), 300);
}

TEST(Engine, IdleExitDependsOnHowLongItWasIdle) {
  MachineSpec spec = flat_machine(2).spec();
  spec.costs.idle_poll_exit = Nanos(7);
  spec.costs.idle_halt_exit = Nanos(1000);
  spec.costs.idle_poll_window = Nanos(5000);
  const Machine machine(spec);
  auto exit_after = [&](int64_t idle) {
    Workload w;
    w.nr_tokens = 1;
    add_task(w, "waiter", {op::wait(TokenId(0))});
    add_task(w, "waker", {op::compute(Work(idle)), op::signal(TokenId(0))});
    return simulate(machine, w).metric("makespan_ns") - idle;
  };
  EXPECT_EQ(exit_after(100), 7);
  EXPECT_EQ(exit_after(4900), 7);
  EXPECT_EQ(exit_after(5100), 1000);
  EXPECT_EQ(exit_after(90000), 1000);
}

TEST(Engine, DeadlockNamesTheTask) {
  Workload w;
  w.nr_tokens = 1;
  add_task(w, "stuck", {op::wait(TokenId(0))});
  try {
    simulate(flat_machine(1), w);
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("stuck[1000]"), std::string::npos);
  }
}

TEST(Engine, LoopWithoutWorkIsRefused) {
  Workload w;
  add_task(w, "spin", {op::yield(), op::loop(0, 0)});
  EXPECT_THROW(simulate(flat_machine(1), w), Error);
}

TEST(Engine, DurationEndsEndlessTasks) {
  Workload w;
  add_task(w, "a", {op::compute(Work(1'000'000)), op::loop(0, 0)});
  EngineOptions options;
  options.duration = 50_ms;
  RunResult r = simulate(flat_machine(1), w, options);
  EXPECT_EQ(r.metric("makespan_ns"), 50'000'000);
  EXPECT_EQ(r.cpu_busy_ns[0], 50'000'000);
}

// Any program that ends: the accounting identity (checked inside), conservation of work, determinism.
RC_GTEST_PROP(EngineProperty, RandomWorkloadsAddUp, ()) {
  auto nr_cpus = *rc::gen::inRange<size_t>(1, 5);
  auto threads = *rc::gen::element<size_t>(1, 2);
  MachineSpec spec = flat_machine(nr_cpus * threads, threads).spec();
  spec.costs.context_switch = Nanos(*rc::gen::inRange(0, 3000));
  spec.costs.resched_task = Nanos(*rc::gen::inRange(0, 3000));
  spec.costs.resched_ipi = Nanos(*rc::gen::inRange(0, 3000));
  spec.costs.refill_llc = Nanos(*rc::gen::inRange(0, 50000));
  for (size_t i = 0; i < spec.cpus.size(); ++i) spec.cpus[i].capacity = 300 + 100 * (spec.cpus[i].core.value() % 3);
  Machine machine(spec);

  Workload w;
  w.nr_tokens = 3;
  int64_t work = 0;
  auto nr_tasks = *rc::gen::inRange(1, 8);
  std::vector<Op> signals;
  for (int t = 0; t < nr_tasks; ++t) {
    std::vector<Op> program;
    auto nr_ops = *rc::gen::inRange(1, 12);
    for (int i = 0; i < nr_ops; ++i) {
      int64_t amount = *rc::gen::inRange(0, 9'000'000);
      switch (*rc::gen::inRange(0, 5)) {
        case 0:
          program.push_back(op::compute(Work(amount)));
          work += amount;
          break;
        case 1:
          program.push_back(op::sleep(Nanos(amount)));
          break;
        case 2:
          program.push_back(op::yield());
          break;
        case 3:
          program.push_back(op::exec());
          break;
        case 4: {
          TokenId token(*rc::gen::inRange(0, 3));
          program.push_back(op::wait(token));
          signals.push_back(op::signal(token));
          break;
        }
      }
    }
    add_task(w, "t" + std::to_string(t), program);
  }
  // One task that only signals, as often as the others wait, so that every run ends.
  std::vector<Op> program;
  for (const Op& signal : signals) {
    program.push_back(op::compute(Work(100'000)));
    program.push_back(signal);
    work += 100'000;
  }
  add_task(w, "signaller", program);

  EngineOptions options;
  options.seed = *rc::gen::inRange<uint64_t>(0, 1000);
  RunResult first = simulate(machine, w, options), second = simulate(machine, w, options);
  RC_ASSERT(named(first.task_time, "work_ns") == work);
  int64_t by_distance = 0;
  for (const char* distance : {"smt", "llc", "node", "remote"})
    by_distance += first.metric(std::string("migrations_") + distance);
  RC_ASSERT(first.metric("migrations") == by_distance);
  RC_ASSERT(first.metrics == second.metrics);
  RC_ASSERT(first.task_time == second.task_time);
}

}  // namespace
}  // namespace simsched

#include "policies/dl.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "base/error.h"
#include "base/rng.h"
#include "policies/registry.h"
#include "sim/testing.h"
#include "workloads/rtapp/rtapp.h"

namespace simsched {
namespace {

using testing::add_task;
using testing::flat_machine;
using ::testing::HasSubstr;

constexpr Nanos kTick = 1_ms;
constexpr int64_t kMs = 1'000'000;

TaskId add_deadline(Workload& w, const char* name, Reservation reservation, const std::vector<Op>& ops) {
  const TaskId task = add_task(w, name, ops);
  TaskSpec& spec = w.tasks[task.index()];
  spec.policy = SchedPolicy::kDeadline;
  spec.reservation = w.intern_reservation(reservation);
  spec.start_cpu = CpuId(0);
  return task;
}

Reservation every(Nanos period, Nanos runtime) { return {runtime, period, period}; }

std::vector<Op> endless() { return {op::compute(Work(1000 * kMs)), op::loop(0, 0)}; }

// A job of so much work at the begin of each period.
std::vector<Op> jobs(Nanos work, Nanos period, int64_t times) {
  return {op::compute(Work(work.count())), op::frame(period), op::sleep_period(period), op::loop(0, times)};
}

struct Ran {
  std::unique_ptr<Engine> engine;
  RunResult result;

  Nanos used(TaskId task) const { return engine->time_on_cpu(task); }
  int64_t time(const std::string& cause) const {  // of all tasks
    for (const auto& [name, value] : result.task_time)
      if (name == cause) return value;
    return -1;
  }
};

Ran run(const Machine& machine, const Workload& workload, Nanos duration = Nanos::max(), const char* version = "6.12") {
  workload.check(machine.nr_cpus());
  EngineOptions options;
  options.check_invariants = true;
  options.duration = duration;
  options.kernel.hz = 1000;
  options.kernel.version = version;
  auto engine = std::make_unique<Engine>(machine, workload, options, make_policy("eevdf", {}, options.kernel, machine));
  engine->run();
  RunResult result = engine->result();
  return {std::move(engine), std::move(result)};
}

std::string refusal(const Machine& machine, const Workload& workload, const char* version) {
  try {
    run(machine, workload, 1_s, version);
  } catch (const Error& error) {
    return error.what();
  }
  return "none";
}

TEST(Deadline, AnEndlessTaskHasItsShareBesideHogs) {
  Workload w;
  const TaskId task = add_deadline(w, "dl", every(100_ms, 10_ms), endless());
  for (int i = 0; i < 3; ++i) add_task(w, "hog", endless());
  const Machine m = flat_machine(1);
  const Ran ran = run(m, w, 10_s);
  // What is used beyond the budget is paid back: only the last period's may be left over.
  EXPECT_GE(ran.used(task), 1_s - 10_ms);
  EXPECT_LE(ran.used(task), 1_s + kTick);
}

TEST(Deadline, ThrottledTasksWaitAlthoughTheCpuIsIdle) {
  Workload w;
  const TaskId task = add_deadline(w, "dl", every(50_ms, 10_ms), endless());
  const Machine m = flat_machine(2);
  const Ran ran = run(m, w, 5_s);
  EXPECT_NEAR(static_cast<double>(ran.used(task).count()), 1e9, 10e6);
  EXPECT_NEAR(static_cast<double>(ran.time("throttled_ns")), 4e9, 10e6);
  EXPECT_EQ(ran.time("wait_ns"), 0);
}

TEST(Deadline, TwoEndlessTasksShareAsTheyReserved) {
  Workload w;
  const TaskId a = add_deadline(w, "a", every(40_ms, 20_ms), endless());
  const TaskId b = add_deadline(w, "b", every(30_ms, 10_ms), endless());
  const Machine m = flat_machine(1);
  const Ran ran = run(m, w, 6_s);
  EXPECT_NEAR(static_cast<double>(ran.used(a).count()), 3e9, 20e6);
  EXPECT_NEAR(static_cast<double>(ran.used(b).count()), 2e9, 10e6);
}

TEST(Deadline, EarliestDeadlineFirstMissesNoneOfAFullCpu) {
  // 2/5 + 4/10 + 1/10 = 0.9: more than fixed priorities by rate guarantee.
  Workload w;
  add_deadline(w, "a", every(5_ms, 2_ms), jobs(2_ms - 1_us, 5_ms, 400));
  add_deadline(w, "b", every(10_ms, 4_ms), jobs(4_ms - 1_us, 10_ms, 200));
  add_deadline(w, "c", every(20_ms, 2_ms), jobs(2_ms - 1_us, 20_ms, 100));
  const Machine m = flat_machine(1);
  const Ran ran = run(m, w);
  EXPECT_EQ(ran.result.metric("deadline_misses"), 0);
  EXPECT_EQ(ran.result.metric("frames"), 700);
  EXPECT_EQ(ran.time("throttled_ns"), 0);
}

TEST(Deadline, PreemptsRealTimeTasksAtOnce) {
  Workload w;
  const TaskId rt = add_task(w, "rt", endless());
  w.tasks[rt.index()].policy = SchedPolicy::kFifo;
  w.tasks[rt.index()].rt_priority = 99;
  w.tasks[rt.index()].background = true;
  add_deadline(w, "dl", every(10_ms, 2_ms), {op::sleep(10_ms), op::compute(Work(kMs)), op::loop(0, 50)});
  const Machine m = flat_machine(1);
  EXPECT_EQ(run(m, w).result.metric("wake_latency_ns_max"), 0);
}

// pull_rt_task(): a deadline task that goes to sleep makes room for a real-time one that waits under another.
TEST(Deadline, RealTimeTasksThatWaitUnderOneGoWhereThereIsRoom) {
  Workload w;
  const TaskId hog = add_deadline(w, "dl", every(100_ms, 90_ms), endless());
  const TaskId brief = add_deadline(w, "brief", every(10_ms, 2_ms), jobs(1_ms, 10_ms, 1000));
  const TaskId rt = add_task(w, "rt", endless());
  w.tasks[rt.index()].policy = SchedPolicy::kFifo;
  w.tasks[rt.index()].rt_priority = 50;
  const AffinityId first = w.intern_affinity(CpuSet::parse("0")), all = w.intern_affinity(CpuSet::parse("0-1"));
  for (TaskId task : {hog, rt}) w.tasks[task.index()].affinity = first;
  w.tasks[brief.index()].affinity = w.intern_affinity(CpuSet::parse("1"));
  w.changes.push_back({20_ms, Nanos(0), op::set_affinity(all, rt)});
  const Machine m = flat_machine(2);
  EXPECT_GE(run(m, w, 1_s).used(rt), 850_ms);  // all but what the two leave it
}

TEST(Deadline, AnEarlierDeadlinePreemptsALaterOne) {
  Workload w;
  add_deadline(w, "later", every(100_ms, 60_ms), {op::compute(Work(50 * kMs))});
  add_deadline(w, "earlier", every(20_ms, 4_ms),
               {op::sleep(5_ms), op::compute(Work(3 * kMs)), op::sleep(15_ms), op::loop(0, 2)});
  const Machine m = flat_machine(1);
  const Ran ran = run(m, w);
  EXPECT_EQ(ran.result.metric("wake_latency_ns_max"), 0);
  EXPECT_EQ(ran.result.metric("makespan_ns"), 56 * kMs);
}

TEST(Deadline, WhoSleepsLongBeginsANewPeriod) {
  // Its budget is whole again: 9 ms of 10 at once, each second.
  Workload w;
  add_deadline(w, "dl", every(100_ms, 10_ms), {op::sleep(1_s), op::compute(Work(9 * kMs)), op::loop(0, 5)});
  const Machine m = flat_machine(1);
  EXPECT_EQ(run(m, w).result.metric("makespan_ns"), 5 * 1009 * kMs);
}

TEST(Deadline, WhoWakesLateHasNoMoreThanItsBandwidth) {
  // 1 ms of work, then a sleep to 85 ms: 9 ms are left, 15 ms to go. Kept, that would be 60 %, so a period begins.
  Workload w;
  add_deadline(w, "dl", every(100_ms, 10_ms), {op::compute(Work(kMs)), op::sleep(84_ms), op::compute(Work(30 * kMs))});
  const Machine m = flat_machine(1);
  const Ran ran = run(m, w);
  // 10 ms and up to a tick from 85 ms on, the same, less that, from 185 ms on, the rest from 285 ms on.
  EXPECT_GE(ran.result.metric("makespan_ns"), 294 * kMs);
  EXPECT_LE(ran.result.metric("makespan_ns"), 295 * kMs);
}

TEST(Deadline, WhoWakesSoonKeepsItsBudgetAndDeadline) {
  // 9 ms of 100 are used; 1 ms is left at 20 ms, less than a tenth of the 80 ms to go.
  Workload w;
  add_deadline(w, "dl", every(100_ms, 10_ms),
               {op::compute(Work(9 * kMs)), op::sleep(11_ms), op::compute(Work(2 * kMs))});
  const Machine m = flat_machine(1);
  const int64_t makespan = run(m, w).result.metric("makespan_ns");
  EXPECT_GE(makespan, 100 * kMs);
  EXPECT_LE(makespan, 101 * kMs);
}

TEST(Deadline, AConstrainedDeadlineCutsTheBudgetOfWhoWakesLate) {
  // Due in 20 of 100 ms. It wakes at 16 ms with 9 ms left: half of the 4 ms to go are its share. The rest waits for the
  // next period.
  Workload w;
  add_deadline(w, "dl", {10_ms, 20_ms, 100_ms}, {op::compute(Work(kMs)), op::sleep(15_ms), op::compute(Work(5 * kMs))});
  const Machine m = flat_machine(1);
  const int64_t makespan = run(m, w).result.metric("makespan_ns");
  EXPECT_GE(makespan, 102 * kMs);
  EXPECT_LE(makespan, 103 * kMs + 1);
}

TEST(Deadline, WhoComesAfterItsConstrainedDeadlineWaitsForTheNextPeriod) {
  Workload w;
  add_deadline(w, "dl", {10_ms, 20_ms, 100_ms}, {op::compute(Work(kMs)), op::sleep(50_ms), op::compute(Work(5 * kMs))});
  const Machine m = flat_machine(1);
  EXPECT_EQ(run(m, w).result.metric("makespan_ns"), 105 * kMs);
}

TEST(Deadline, AYieldGivesUpTheRestOfTheBudget) {
  Workload w;
  add_deadline(w, "dl", every(100_ms, 50_ms), {op::compute(Work(5 * kMs)), op::yield(), op::loop(0, 10)});
  const Machine m = flat_machine(1);
  EXPECT_EQ(run(m, w).result.metric("makespan_ns"), 1000 * kMs);
}

TEST(Deadline, ThreeTasksOfTwoCpusRunWhereverThereIsRoom) {
  Workload w;
  std::vector<TaskId> tasks;
  for (int i = 0; i < 3; ++i)
    tasks.push_back(add_deadline(w, "dl", every(30_ms, 15_ms), jobs(15_ms - 1_us, 30_ms, 100)));
  const Machine m = flat_machine(2);
  const Ran ran = run(m, w);
  // One waits for the first two to be done: all three by the end of their periods.
  EXPECT_EQ(ran.result.metric("deadline_misses"), 0);
  EXPECT_EQ(ran.result.metric("frames"), 300);
}

TEST(Deadline, TheEarliestDeadlinesOfAllRun) {
  // All wake on CPU 0; the two with the earliest deadlines never wait, whoever came first.
  Workload w;
  for (int i : {3, 2, 1}) {
    const Nanos period = 10_ms * i;
    const TaskId task = add_deadline(w, "dl", every(period, 3_ms), jobs(2_ms, period, 20));
    w.tasks[task.index()].start = 1_ms * i;
    w.tasks[task.index()].background = i == 3;
  }
  const Machine m = flat_machine(2);
  EXPECT_EQ(run(m, w).result.metric("deadline_misses"), 0);
}

TEST(Deadline, AFreeCpuTakesWhatWaits) {
  Workload w;
  for (int i = 0; i < 2; ++i) add_deadline(w, "dl", every(200_ms, 150_ms), {op::compute(Work(100 * kMs))});
  const Machine m = flat_machine(2);
  EXPECT_EQ(run(m, w).result.metric("makespan_ns"), 100 * kMs);
}

TEST(Deadline, WhatMayNotMoveWaits) {
  Workload w;
  for (int i = 0; i < 2; ++i) {
    const TaskId task = add_deadline(w, "dl", every(200_ms, 80_ms), {op::compute(Work(60 * kMs))});
    w.tasks[task.index()].affinity = w.intern_affinity(CpuSet::single(CpuId(0)));
  }
  const Machine m = flat_machine(2);
  EXPECT_EQ(run(m, w).result.metric("makespan_ns"), 120 * kMs);
}

TEST(Deadline, SlowCpusTakeLessOfTheBudget) {
  MachineSpec spec = flat_machine(1).spec();
  spec.cpus.push_back(spec.cpus[0]);
  spec.cpus[1].core = CoreId(1);
  spec.cpus[1].capacity = 512;
  const Machine m(std::move(spec));
  Workload w;
  const TaskId task = add_deadline(w, "dl", every(100_ms, 10_ms), endless());
  w.tasks[task.index()].affinity = w.intern_affinity(CpuSet::single(CpuId(1)));
  w.tasks[task.index()].start_cpu = CpuId(1);
  const double share = 1024.0 / static_cast<double>(m.cpu(CpuId(1)).kernel_capacity);
  EXPECT_NEAR(static_cast<double>(run(m, w, 10_s).used(task).count()), 1e9 * share, 40e6);
}

TEST(Deadline, AskingForMoreThanCpusCanGiveIsRefused) {
  const Machine m = flat_machine(2);
  auto asking = [](int64_t percent) {  // of each of two CPUs
    Workload w;
    for (int i = 0; i < 2; ++i) {
      Reservation r = every(100_ms, 1_ms * percent);
      r.where = "x.yaml:7";
      add_deadline(w, "dl", r, endless());
    }
    return w;
  };
  EXPECT_EQ(refusal(m, asking(94), "6.6"), "none");
  EXPECT_THAT(refusal(m, asking(96), "6.6"), AllOf(HasSubstr("x.yaml:7"), HasSubstr("EBUSY"), HasSubstr("192 %")));
  EXPECT_EQ(refusal(m, asking(89), "6.12"), "none");
  EXPECT_THAT(refusal(m, asking(91), "6.12"), HasSubstr("deadline server"));
}

// sched_dl_overflow(): who asks for what it has is not asked again, and set_user_nice() asks for nothing.
TEST(Deadline, WhoHasWhatItAsksForKeepsItAlthoughCpusAreGone) {
  Workload w;
  TaskId last;
  for (const char* name : {"a", "b"}) last = add_deadline(w, name, every(100_ms, 80_ms), endless());
  w.changes.push_back({600_ms, Nanos(0), op::set_nice(5, last)});
  w.changes.push_back({700_ms, Nanos(0), op::set_policy(SchedPolicy::kDeadline, last, w.tasks[last.index()].reservation)});
  const Machine m = flat_machine(2);
  EngineOptions options;
  options.duration = 1_s;
  options.hotplug = {{500_ms, CpuId(1), false}};
  Engine engine(m, w, options, make_policy("eevdf", {}, options.kernel, m));
  engine.run();
  EXPECT_GT(engine.time_on_cpu(last), 400_ms);
}

TEST(Deadline, OnlyCpusThatTheyMayUseCount) {
  Workload w;
  const AffinityId first = w.intern_affinity(CpuSet::parse("0"));
  for (const char* name : {"a", "b"})
    w.tasks[add_deadline(w, name, every(100_ms, 60_ms), endless()).index()].affinity = first;
  EXPECT_THAT(refusal(flat_machine(4), w, "6.12"), HasSubstr("all deadline tasks for 120 % of a CPU"));
}

TEST(Deadline, WhoEndsLeavesRoomForOthers) {
  Workload w;
  add_deadline(w, "first", every(100_ms, 60_ms), {op::compute(Work(50 * kMs))});
  const TaskId second = add_deadline(w, "second", every(100_ms, 60_ms), {op::compute(Work(50 * kMs))});
  w.tasks[second.index()].start = 60_ms;
  const Machine m = flat_machine(1);
  EXPECT_EQ(run(m, w).result.metric("makespan_ns"), 110 * kMs);
}

TEST(Deadline, ARecordingGoesOnWhateverItAsksFor) {
  Workload w;
  for (int i = 0; i < 3; ++i) add_deadline(w, "dl", every(100_ms, 80_ms), {op::compute(Work(50 * kMs))});
  w.recorded = true;
  const Machine m = flat_machine(1);
  EXPECT_EQ(run(m, w).result.metric("tasks_exited"), 3);
}

TEST(Deadline, TasksComeAndGoInMidRun) {
  Workload w;
  const uint16_t number = w.intern_reservation(every(100_ms, 20_ms));
  const TaskId task = add_task(w, "task", endless());
  add_task(w, "hog", endless());
  w.changes.push_back({1_s, Nanos(0), op::set_policy(SchedPolicy::kDeadline, task, number)});
  w.changes.push_back({2_s, Nanos(0), op::set_policy(SchedPolicy::kNormal, task)});
  const Machine m = flat_machine(1);
  const Ran ran = run(m, w, 3_s);
  // Half of two seconds, and a fifth of one.
  EXPECT_NEAR(static_cast<double>(ran.used(task).count()), 1.2e9, 30e6);
}

TEST(Deadline, FairTasksHaveWhatIsLeftUnderRealTimeOnes) {
  Workload w;
  add_deadline(w, "dl", every(100_ms, 60_ms), endless());
  const TaskId rt = add_task(w, "rt", endless());
  w.tasks[rt.index()].policy = SchedPolicy::kFifo;
  w.tasks[rt.index()].rt_priority = 1;
  const TaskId fair = add_task(w, "fair", endless());
  const Machine m = flat_machine(1);
  const Ran ran = run(m, w, 10_s);
  EXPECT_NEAR(static_cast<double>(ran.used(TaskId(0)).count()), 6e9, 70e6);
  EXPECT_NEAR(static_cast<double>(ran.used(fair).count()), 0.5e9, 100e6);
}

TEST(Deadline, ThreadsOfRtAppHaveTheirReservations) {
  const Workload w = rtapp::make_workload(rtapp::parse(R"({
    "tasks": {
      "dl": {"policy": "SCHED_DEADLINE", "dl-runtime": 5000, "dl-period": 20000,
             "loop": 50, "run": 4000, "timer": {"ref": "unique", "period": 20000}},
      "greedy": {"policy": "SCHED_DEADLINE", "dl-runtime": 2000, "dl-period": 10000, "loop": -1, "run": 100000},
      "hog": {"loop": -1, "run": 100000}
    }, "global": {"duration": 1}})",
                                                       "t.json"));
  EXPECT_TRUE(w.notes.empty());
  const Machine m = flat_machine(1);
  const Ran ran = run(m, w, 2_s);
  EXPECT_NEAR(static_cast<double>(ran.used(TaskId(1)).count()), 50 * 4e6, 1e6);
  EXPECT_NEAR(static_cast<double>(ran.used(TaskId(2)).count()), 0.2e9, 3e6);
  EXPECT_NEAR(static_cast<double>(ran.used(TaskId(3)).count()), 0.6e9, 6e6);
}

// Whatever tasks do and wherever they may run: none has more than its reservation, but for what a tick lets through,
// which it pays back. Every nanosecond is accounted for: the engine checks that at its end.
RC_GTEST_PROP(DeadlineProperty, NoTaskHasMoreThanItsReservation, ()) {
  Rng rng(*rc::gen::arbitrary<uint64_t>());
  const size_t cpus = 1 + rng.below(4), tasks = 1 + rng.below(3 * cpus);
  const Machine m = flat_machine(cpus);
  Workload w;
  for (size_t i = 0; i < tasks; ++i) {
    const Nanos period = 1_ms * static_cast<int64_t>(5 + rng.below(60));
    const Nanos runtime = std::max(2_us, Nanos(period.count() / 4 * static_cast<int64_t>(1 + rng.below(99)) / 100));
    const Nanos deadline = rng.below(2) == 0 ? period : Nanos(period.count() - (period - runtime).count() / 3);
    auto amount = [&] { return static_cast<int64_t>(1 + rng.below(20'000'000)); };
    std::vector<Op> program;
    for (size_t n = 1 + rng.below(4); n > 0; --n) {
      program.push_back(op::compute(Work(amount())));
      if (rng.below(2) == 0) program.push_back(op::sleep(Nanos(amount())));
      if (rng.below(4) == 0) program.push_back(op::yield());
    }
    program.push_back(op::loop(0, 0));
    const TaskId task = add_deadline(w, "dl", {runtime, deadline, period}, program);
    TaskSpec& spec = w.tasks[task.index()];
    spec.start_cpu = CpuId(rng.below(cpus));
    if (rng.below(3) == 0) spec.affinity = w.intern_affinity(CpuSet::single(CpuId(rng.below(cpus))));
  }
  for (size_t i = rng.below(3); i > 0; --i) add_task(w, "hog", endless());
  const Nanos duration = 2_s;
  const Ran ran = run(m, w, duration);
  for (size_t i = 0; i < tasks; ++i) {
    const Reservation& r = w.reservations[w.tasks[i].reservation - 1u];
    // A period may begin anew with a wake-up, so there is a budget at either end. What a tick let through moves the
    // deadline by as many periods as it takes to pay that back, whose budgets are there at once; and it may come again.
    const int64_t share = duration.count() / r.period.count() * r.runtime.count();
    RC_ASSERT(ran.used(TaskId(i)).count() <= share + 3 * r.runtime.count() + 2 * kTick.count());
  }
}

// Earliest deadline first is optimal on one CPU: whatever may be admitted there is on time.
RC_GTEST_PROP(DeadlineProperty, OneCpuMissesNoDeadline, ()) {
  Rng rng(*rc::gen::arbitrary<uint64_t>());
  const auto tasks = static_cast<int64_t>(1 + rng.below(8));
  Workload w;
  for (int64_t i = 0; i < tasks; ++i) {
    const Nanos period = 100_us * static_cast<int64_t>(5 + rng.below(600));
    const Nanos runtime = period * static_cast<int64_t>(20 + rng.below(70)) / (100 * tasks);
    const TaskId task = add_deadline(w, "dl", every(period, runtime), jobs(runtime - 2_us, period, 1_s / period));
    w.tasks[task.index()].start = Nanos(static_cast<int64_t>(rng.below(20'000'000)));
  }
  w.tasks[add_task(w, "hog", endless()).index()].background = true;
  const Machine m = flat_machine(1);
  const Ran ran = run(m, w);
  RC_ASSERT(ran.result.metric("deadline_misses") == 0);
  RC_ASSERT(ran.time("throttled_ns") == 0);
}

}  // namespace
}  // namespace simsched

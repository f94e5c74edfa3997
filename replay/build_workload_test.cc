#include "replay/build_workload.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>

#include "base/error.h"
#include "traces/trace_maker.h"
#include "workloads/ideal_run.h"

namespace simsched {

// Found by the matchers when they print a program.
void PrintTo(const Op& op, std::ostream* out) {
  *out << "{" << int{static_cast<uint8_t>(op.kind)} << " flags " << int{op.flags} << " arg " << op.arg << " value "
       << op.value << "}";
}

namespace {

using testing::Contains;
using testing::ElementsAre;

Machine two_cpus(Nanos context_switch = 0_ns, Nanos refill_llc = 0_ns) {
  MachineSpec spec;
  spec.name = "test";
  spec.cpus = {{CoreId(0), LlcId(0), NodeId(0)}, {CoreId(1), LlcId(0), NodeId(0)}};
  spec.costs.context_switch = context_switch;
  spec.costs.refill_llc = refill_llc;
  return Machine(spec);
}

constexpr Op us(int64_t work) { return op::compute(Work(work * 1000)); }
constexpr Nanos micros(int64_t count) { return Nanos(count * 1000); }

struct Built {
  Workload workload;
  BuildReport report;

  std::vector<Op> ops(int pid) const {
    std::span<const Op> program = workload.program(find(pid));
    return {program.begin(), program.end()};
  }
  const TaskSpec& spec(int pid) const { return workload.tasks[find(pid).index()]; }
  TaskId find(int pid) const {  // the last that had the pid
    for (size_t i = workload.tasks.size(); i-- > 0;) {
      if (workload.tasks[i].pid == pid) return TaskId(i);
    }
    throw Error("", "no task with pid " + std::to_string(pid));
  }
};

Built build(const SchedTrace& trace, const Machine& machine = two_cpus()) {
  Built built;
  built.workload = build_workload(trace, machine, &built.report);
  built.workload.check(machine.nr_cpus());
  EXPECT_TRUE(run_ideally(built.workload).completed(built.workload));
  return built;
}

TEST(BuildWorkload, PreemptedStretchesAreOneComputation) {
  TraceMaker maker;
  maker.sw(0, 0, 0, kStateRunning, 10).sw(1000, 0, 10, kStatePreempted, 11).sw(3000, 0, 11, kStateZombie, 10);
  maker.sw(3500, 0, 10, kStateDead, 0);
  Built built = build(maker.trace());
  EXPECT_THAT(built.ops(10), ElementsAre(us(1500), op::exit()));
  EXPECT_THAT(built.ops(11), ElementsAre(us(2000), op::exit()));
  EXPECT_EQ(built.report.tasks_alive_at_start, 2u);
  EXPECT_EQ(built.report.tasks_alive_at_end, 0u);
}

TEST(BuildWorkload, CostsAreTakenOffEachStretch) {
  TraceMaker maker;
  maker.sw(0, 0, 0, kStateRunning, 10).sw(1000, 0, 10, kStateRunning, 0).sw(2000, 1, 0, kStateRunning, 10);
  maker.sw(2500, 1, 10, kStateRunning, 0).sw(2600, 1, 0, kStateRunning, 10).sw(2601, 1, 10, kStateDead, 0);
  Built built = build(maker.trace(), two_cpus(2_us, 30_us));
  EXPECT_EQ(built.ops(10)[0], op::compute(Work(1000'000 - 2'000 + 500'000 - 32'000 + 1)));
  EXPECT_EQ(built.report.negative_work, 1u);
}

TEST(BuildWorkload, ASlowCoreDoesLessWorkInATime) {
  TraceMaker maker;
  maker.sw(0, 0, 0, kStateRunning, 10).sw(1000, 0, 10, kStateRunning, 0).sw(2000, 1, 0, kStateRunning, 10);
  maker.sw(3000, 1, 10, kStateDead, 0);
  MachineSpec spec = two_cpus().spec();
  spec.cpus[1].capacity = spec.cpus[1].kernel_capacity = 256;
  EXPECT_EQ(build(maker.trace(), Machine(spec)).ops(10)[0], us(1000 + 250));
}

TEST(BuildWorkload, WakeByATaskIsAnEdge) {
  TraceMaker maker;
  maker.sw(0, 0, 0, kStateRunning, 10).sw(100, 0, 10, kStateUninterruptible, 11);
  maker.waking(300, 0, 11, 10).sw(700, 0, 11, kStateDead, 10).sw(900, 0, 10, kStateDead, 0);
  Built built = build(maker.trace());
  EXPECT_THAT(built.ops(10), ElementsAre(us(100), op::wait(TokenId(0), kOpIo), us(200), op::exit()));
  EXPECT_THAT(built.ops(11), ElementsAre(us(200), op::signal(TokenId(0)), us(400), op::exit()));
  EXPECT_EQ(built.report.edges, 1u);
  EXPECT_EQ(built.workload.nr_tokens, 1u);
}

TEST(BuildWorkload, LastWakeOfAnExitingTaskTellsItsParent) {
  TraceMaker maker;
  maker.sw(0, 0, 0, kStateRunning, 10).fork(10, 0, 10, 11).wakeup_new(12, 0, 10, 11);
  maker.sw(100, 0, 10, kStateInterruptible, 11).waking(290, 0, 11, 10).sw(300, 0, 11, kStateZombie, 10);
  maker.sw(400, 0, 10, kStateZombie, 0);
  Built built = build(maker.trace());
  uint8_t flags = kOpSync | kOpKernel | kOpExits;
  EXPECT_THAT(built.ops(11), ElementsAre(us(190), op::signal(TokenId(0), flags), us(10), op::exit()));
  EXPECT_EQ(built.report.exit_edges, 1u);
}

TEST(BuildWorkload, WakeOnTheWayToABlockStaysInTheKernel) {
  TraceMaker maker;
  maker.sw(0, 0, 0, kStateRunning, 10).sw(100, 0, 10, kStateInterruptible, 11).waking(300, 0, 11, 10);
  maker.sw(320, 0, 11, kStateInterruptible, 10).waking(400, 0, 10, 11).sw(500, 0, 10, kStateDead, 11);
  maker.sw(600, 0, 11, kStateDead, 0);
  Built built = build(maker.trace());
  EXPECT_THAT(built.ops(11), Contains(op::signal(TokenId(0), kOpKernel)));
  EXPECT_THAT(built.ops(10), Contains(op::signal(TokenId(1))));
}

TEST(BuildWorkload, DelayKnowsWhenAnotherCpuEndsIt) {
  TraceMaker maker;
  maker.sw(0, 0, 0, kStateRunning, 10).sw(100, 0, 10, kStateInterruptible, 0).waking(300, 1, 0, 10, kHardIrq, 0);
  maker.sw(310, 0, 0, kStateRunning, 10).sw(400, 0, 10, kStateDead, 0);
  EXPECT_THAT(build(maker.trace()).ops(10), Contains(op::sleep(micros(200), kOpElsewhere)));
}

TEST(BuildWorkload, AKernelThreadThatATickWakesCountsTicks) {
  auto ops_of = [](const std::string& name, uint8_t context, int64_t wakes_at) {
    TraceMaker maker;
    maker.names(20, name).sw(0, 0, 0, kStateRunning, 10);
    auto tick = [&](int64_t at) {
      maker.nothing(at, 0, 10);
      maker.trace().events.back().context = kHardIrq;
    };
    for (int64_t at = 700; at < 400'000; at += 4000) tick(at);
    maker.sw(400'000, 0, 10, kStateRunning, 20).sw(400'100, 0, 20, kStateInterruptible, 10);
    for (int64_t at = 400'700; at < wakes_at; at += 4000) tick(at);
    maker.waking(wakes_at, 0, 10, 20, context).sw(wakes_at + 10, 0, 10, kStateRunning, 20);
    maker.sw(wakes_at + 20, 0, 20, kStateInterruptible, 10).sw(500'000, 0, 10, kStateDead, 0);
    return build(maker.trace()).ops(20);
  };
  EXPECT_THAT(ops_of("rcu_preempt", kSoftIrq, 408'730), Contains(op::sleep(micros(12'000), kOpSoftIrq | kOpTick)));
  EXPECT_THAT(ops_of("rcu_preempt", kSoftIrq, 409'730), Contains(op::sleep(micros(9'630), kOpSoftIrq)));
  EXPECT_THAT(ops_of("rcu_preempt", kHardIrq, 408'730), Contains(op::sleep(micros(8'630))));
  EXPECT_THAT(ops_of("daemon", kSoftIrq, 408'730), Contains(op::sleep(micros(8'630), kOpSoftIrq)));
}

TEST(BuildWorkload, WorkIsQueuedOnItsUsersCpu) {
  TraceMaker maker;
  maker.names(20, "kworker/0:1").names(21, "kworker/1:2");
  maker.sw(0, 0, 0, kStateRunning, 20).sw(0, 1, 0, kStateRunning, 21).sw(10, 0, 20, kStateIdle, 10);
  maker.sw(20, 1, 21, kStateIdle, 11).waking(100, 0, 10, 20).waking(110, 1, 11, 21).waking(120, 0, 10, 20);
  maker.sw(300, 0, 10, kStateInterruptible, 20).sw(310, 1, 11, kStateInterruptible, 21);
  maker.sw(320, 0, 20, kStateIdle, 0).sw(330, 1, 21, kStateIdle, 0);
  Built built = build(maker.trace());
  Op signal = op::signal(TokenId(0)), wait = op::wait(TokenId(0), kOpIdle);
  signal.slot = wait.slot = 2;
  for (int pid : {10, 11}) EXPECT_THAT(built.ops(pid), Contains(signal));
  for (int pid : {20, 21}) EXPECT_THAT(built.ops(pid), Contains(wait));
  EXPECT_EQ(built.workload.nr_tokens, 2u);
}

TEST(BuildWorkload, WakeFromInterruptOrIdleIsADelay) {
  TraceMaker maker;
  maker.sw(0, 0, 0, kStateRunning, 10).sw(100, 0, 10, kStateInterruptible, 11);
  maker.waking(300, 0, 11, 10, kSoftIrq).sw(400, 0, 11, kStateDead, 10).sw(500, 0, 10, kStateUninterruptible, 0);
  maker.waking(2500, 0, 0, 10).sw(2510, 0, 0, kStateRunning, 10).sw(2600, 0, 10, kStateDead, 0);
  Built built = build(maker.trace());
  EXPECT_THAT(built.ops(10), ElementsAre(us(100), op::sleep(micros(200), kOpSoftIrq), us(100),
                                         op::sleep(micros(2000), kOpIo), us(90), op::exit()));
  EXPECT_EQ(built.report.timed_wakes, 2u);
  EXPECT_EQ(built.report.edges, 0u);
}

TEST(BuildWorkload, WakeOfAUserTaskByAKernelThreadIsADelay) {
  TraceMaker maker;
  maker.names(20, "kworker/u4:1");
  maker.sw(0, 0, 0, kStateRunning, 10).waking(50, 0, 10, 20).sw(100, 0, 10, kStateUninterruptible, 20);
  maker.waking(300, 0, 20, 10).sw(400, 0, 20, kStateIdle, 10).sw(500, 0, 10, kStateDead, 0);
  Built built = build(maker.trace());
  EXPECT_THAT(built.ops(10),
              ElementsAre(us(50), op::signal(TokenId(0)), us(50), op::sleep(micros(200), kOpIo), us(100), op::exit()));
  EXPECT_THAT(built.ops(20), ElementsAre(op::wait(TokenId(0)), us(300)));
  EXPECT_TRUE(built.spec(20).kthread);
}

TEST(BuildWorkload, WakeOfARunningTaskIsNone) {
  TraceMaker maker;
  maker.sw(0, 0, 0, kStateRunning, 10).sw(0, 1, 0, kStateRunning, 11).waking(200, 1, 11, 10);
  maker.sw(900, 0, 10, kStateInterruptible, 0).waking(1000, 1, 11, 10).sw(1010, 0, 0, kStateRunning, 10);
  maker.sw(1100, 0, 10, kStateDead, 0).sw(1200, 1, 11, kStateDead, 0);
  Built built = build(maker.trace());
  EXPECT_EQ(built.report.wakes_of_running, 1u);
  EXPECT_THAT(built.ops(11), ElementsAre(us(1000), op::signal(TokenId(0)), us(200), op::exit()));
}

// The waker saw the task off the run queue, though its sched_switch comes only now.
TEST(BuildWorkload, WakeJustBeforeTheSwitchOutEndsTheBlock) {
  TraceMaker maker;
  maker.sw(0, 0, 0, kStateRunning, 10).sw(0, 1, 0, kStateRunning, 11).waking(899, 1, 11, 10);
  maker.sw(900, 0, 10, kStateInterruptible, 0).sw(910, 0, 0, kStateRunning, 10).sw(1000, 0, 10, kStateDead, 0);
  maker.sw(1200, 1, 11, kStateDead, 0);
  Built built = build(maker.trace());
  EXPECT_THAT(built.ops(11), ElementsAre(us(899), op::signal(TokenId(0)), us(301), op::exit()));
  EXPECT_THAT(built.ops(10), ElementsAre(us(900), op::wait(TokenId(0)), us(90), op::exit()));
  EXPECT_EQ(built.report.wakes_of_running, 0u);
  EXPECT_EQ(built.report.blocks_without_wake, 0u);
}

TEST(BuildWorkload, BlockWithoutWakeIsADelayToTheNextRun) {
  TraceMaker maker;
  maker.sw(0, 0, 0, kStateRunning, 10).sw(900, 0, 10, kStateIdle, 0).sw(1500, 0, 0, kStateRunning, 10);
  maker.sw(1600, 0, 10, kStateIdle, 0);
  Built built = build(maker.trace());
  EXPECT_THAT(built.ops(10), ElementsAre(us(900), op::sleep(micros(600), kOpIdle), us(100)));
  EXPECT_EQ(built.report.blocks_without_wake, 1u);
}

TEST(BuildWorkload, ForkStandsWhereTheChildIsQueued) {
  TraceMaker maker;
  maker.sw(0, 0, 0, kStateRunning, 10).fork(100, 0, 10, 11).wakeup_new(104, 0, 10, 11);
  maker.sw(200, 0, 10, kStateDead, 11).sw(300, 0, 11, kStateDead, 0);
  Built built = build(maker.trace());
  EXPECT_THAT(built.ops(10), ElementsAre(us(104), op::fork(built.find(11)), us(96), op::exit()));
  EXPECT_EQ(built.spec(11).parent, built.find(10));
}

TEST(BuildWorkload, ForkThatWasLostIsTakenFromTheNewTask) {
  TraceMaker maker;
  maker.sw(0, 0, 0, kStateRunning, 10).wakeup_new(104, 0, 10, 11).sw(200, 0, 10, kStateDead, 11);
  maker.sw(300, 0, 11, kStateDead, 0);
  EXPECT_EQ(build(maker.trace()).spec(11).parent, TaskId(0));
}

TEST(BuildWorkload, ReusedPidIsANewTask) {
  TraceMaker maker;
  maker.sw(0, 0, 0, kStateRunning, 10).fork(10, 0, 10, 11).wakeup_new(10, 0, 10, 11);
  maker.sw(100, 0, 10, kStateRunning, 11).sw(200, 0, 11, kStateDead, 10);
  maker.fork(250, 0, 10, 11).wakeup_new(250, 0, 10, 11).sw(300, 0, 10, kStateDead, 11).sw(700, 0, 11, kStateDead, 0);
  Built built = build(maker.trace());
  ASSERT_EQ(built.workload.tasks.size(), 3u);
  EXPECT_THAT(built.ops(11), ElementsAre(us(400), op::exit()));
}

TEST(BuildWorkload, ExecStandsWhereItIsBalanced) {
  TraceMaker maker;
  maker.names(20, "migration/0", 0).names(10, "sh");
  // pid 10 is moved by sched_exec() and blocks for the stopper; the exec event comes 60 us of work later.
  maker.sw(0, 0, 0, kStateRunning, 10).waking(100, 0, 10, 20).sw(110, 0, 10, kStateUninterruptible, 20);
  maker.waking(112, 0, 20, 10).migrate(113, 0, 20, 10, 0, 1).sw(115, 0, 20, kStateInterruptible, 0);
  maker.sw(120, 1, 0, kStateRunning, 10).exec(170, 1, 10, "cc");
  // pid 11 stays, so that only its exec event is seen; it blocked to read the file.
  maker.sw(300, 0, 0, kStateRunning, 11).sw(500, 0, 11, kStateUninterruptible, 0).waking(600, 0, 0, 11);
  maker.sw(600, 0, 0, kStateRunning, 11).exec(620, 0, 11, "as").sw(700, 0, 11, kStateDead, 0);
  maker.sw(900, 1, 10, kStateDead, 0);
  Built built = build(maker.trace());
  EXPECT_THAT(built.ops(10), ElementsAre(us(100), op::exec(), us(790), op::exit()));
  EXPECT_THAT(built.ops(11), ElementsAre(op::sleep_until(micros(300)), us(160), op::exec(), us(40),
                                         op::sleep(micros(100), kOpIo), us(100), op::exit()));
  EXPECT_EQ(built.report.execs, 2u);
  EXPECT_EQ(built.report.execs_balanced, 1u);
  EXPECT_EQ(built.report.stopper_runs, 1u);
  EXPECT_EQ(built.report.edges, 0u);
  EXPECT_EQ(built.workload.task_name(built.find(10)), "cc");
}

TEST(BuildWorkload, ExecIsNotMovedBeforeAFork) {
  TraceMaker maker;
  maker.sw(0, 0, 0, kStateRunning, 10).fork(100, 0, 10, 11).wakeup_new(100, 0, 10, 11).exec(110, 0, 10, "cc");
  maker.sw(200, 0, 10, kStateDead, 11).sw(300, 0, 11, kStateDead, 0);
  EXPECT_THAT(build(maker.trace()).ops(10), ElementsAre(us(100), op::fork(TaskId(1)), op::exec(), us(100), op::exit()));
}

TEST(BuildWorkload, TasksThatWereThereBefore) {
  TraceMaker maker;
  maker.nothing(0, 1, 13);                                                 // runs from the start
  maker.sw(100, 0, 10, kStateRunning, 11).sw(200, 0, 11, kStateDead, 12);  // 10 ran, 11 and 12 were queued
  maker.waking(250, 0, 12, 14).sw(300, 0, 12, kStateDead, 14).sw(400, 0, 14, kStateDead, 10);
  maker.sw(450, 0, 10, kStateDead, 0).waking(500, 0, 0, 15).sw(510, 0, 0, kStateRunning, 15);
  maker.sw(600, 0, 15, kStateDead, 0).sw(800, 0, 0, kStateRunning, 16).sw(900, 0, 16, kStateDead, 0);
  maker.sw(1000, 1, 13, kStateDead, 0);
  Built built = build(maker.trace());
  EXPECT_THAT(built.ops(10), ElementsAre(us(150), op::exit()));
  EXPECT_THAT(built.ops(13), ElementsAre(us(1000), op::exit()));
  EXPECT_EQ(built.spec(13).start_cpu, CpuId(1));
  EXPECT_THAT(built.ops(14), ElementsAre(op::wait(TokenId(0)), us(100), op::exit()));
  EXPECT_THAT(built.ops(15), ElementsAre(op::sleep_until(micros(500)), us(90), op::exit()));
  // The idle CPU would have taken it before, had it been runnable.
  EXPECT_THAT(built.ops(16), ElementsAre(op::sleep_until(micros(800)), us(100), op::exit()));
}

TEST(BuildWorkload, PrioritiesAndPolicies) {
  TraceMaker maker(1);
  maker.names(10, "nice", 125).names(11, "fifo", 49).names(12, "deadline", -1).names(13, "migration/0", 0);
  maker.sw(0, 0, 0, kStateRunning, 10).sw(1, 0, 10, kStateRunning, 11).sw(2, 0, 11, kStateRunning, 12);
  maker.sw(3, 0, 12, kStateRunning, 13).sw(4, 0, 13, kStateInterruptible, 10);
  Built built = build(maker.trace());
  EXPECT_EQ(built.spec(10).nice, 5);
  EXPECT_EQ(built.spec(11).policy, SchedPolicy::kFifo);
  EXPECT_EQ(built.spec(11).rt_priority, 50);
  EXPECT_EQ(built.spec(12).rt_priority, 99);
  EXPECT_THAT(built.workload.notes, ElementsAre(testing::HasSubstr("'deadline' was SCHED_DEADLINE")));
  EXPECT_EQ(built.workload.tasks.size(), 3u);
}

// Who runs when the recording begins is first seen raising an event that tells no priority, then being switched out.
TEST(BuildWorkload, ATaskFirstSeenRunningHasThePriorityThatItIsSwitchedOutWith) {
  TraceMaker maker(1);
  maker.names(10, "rt", 49).names(11, "nice", 115).names(12, "child", 130);
  maker.nothing(0, 0, 10).sw(100, 0, 10, kStateRunning, 11).fork(150, 0, 11, 12).wakeup_new(160, 0, 11, 12);
  maker.sw(200, 0, 11, kStateDead, 12).sw(300, 0, 12, kStateDead, 0);
  maker.trace().events[0].prio = 120;
  maker.trace().events[2].prio = 120;
  Built built = build(maker.trace());
  EXPECT_EQ(built.spec(10).policy, SchedPolicy::kFifo);
  EXPECT_EQ(built.spec(10).rt_priority, 50);
  EXPECT_EQ(built.spec(11).nice, -5);
  EXPECT_EQ(built.spec(12).nice, 10);
}

// nice -n 7 COMMAND: the process gives itself the priority that its command has.
TEST(BuildWorkload, AChangeOfNiceIsReplayedWhereItIsSeen) {
  TraceMaker maker(1);
  maker.sw(0, 0, 0, kStateRunning, 10).names(10, "nice", 127).sw(100, 0, 10, kStateRunning, 11);
  maker.sw(200, 0, 11, kStateDead, 10).names(10, "nice", 49).sw(300, 0, 10, kStateRunning, 0);
  Built built = build(maker.trace());
  EXPECT_EQ(built.spec(10).nice, 0);
  EXPECT_THAT(built.ops(10), ElementsAre(us(100), op::set_nice(7), us(100)));
  EXPECT_EQ(built.report.priority_changes, 1u);
}

// Daemons that stay are as much of it as a helper that happened to exit.
TEST(BuildWorkload, ARecordingOfAWholeSystemLastsUntilAllHaveDoneWhatTheyDid) {
  TraceMaker maker(1);
  maker.names(10, "daemon").names(11, "helper").names(30, "kworker/0:1").sw(0, 0, 0, kStateRunning, 11);
  maker.sw(10, 0, 11, kStateDead, 0).waking(500, 0, 0, 10).sw(510, 0, 0, kStateRunning, 10);
  maker.sw(900, 0, 10, kStateInterruptible, 30).sw(950, 0, 30, kStateIdle, 0);
  Built built = build(maker.trace());
  EXPECT_FALSE(built.spec(10).background || built.spec(11).background);
  EXPECT_TRUE(built.spec(30).background);
}

TEST(BuildWorkload, TheRecordedCommandIsWhatCounts) {
  TraceMaker maker;
  maker.names(5, "perf").names(6, "perf").names(10, "perf-exec").names(30, "kworker/1:1").names(40, "daemon");
  maker.sw(0, 0, 0, kStateRunning, 5).waking(10, 0, 5, 10).sw(20, 0, 5, kStateInterruptible, 10);
  maker.exec(30, 0, 10, "make").fork(40, 0, 10, 11).wakeup_new(40, 0, 10, 11).names(11, "make");
  maker.sw(50, 1, 0, kStateRunning, 30).sw(60, 1, 30, kStateIdle, 40).sw(70, 1, 40, kStateInterruptible, 6);
  maker.sw(80, 1, 6, kStateInterruptible, 0).sw(100, 0, 10, kStateDead, 11).sw(200, 0, 11, kStateDead, 0);
  maker.trace().circumstances.autogroup = true;
  maker.trace().circumstances.tasks = {{"make", 20_ms, 3, 7, "1"}};
  Built built = build(maker.trace());
  EXPECT_TRUE(built.spec(5).background && built.spec(30).background && built.spec(40).background);
  EXPECT_FALSE(built.spec(10).background || built.spec(11).background);
  EXPECT_EQ(built.spec(30).group, GroupId(0));
  for (int pid : {5, 6, 10, 11}) EXPECT_EQ(built.spec(pid).group, GroupId(1)) << pid;
  EXPECT_EQ(built.spec(40).group, GroupId(2));
  for (int pid : {10, 11}) {
    EXPECT_EQ(built.spec(pid).slice, 20_ms);
    EXPECT_EQ(built.spec(pid).policy, SchedPolicy::kBatch);
    EXPECT_EQ(built.spec(pid).nice, 7);
    EXPECT_EQ(built.workload.affinities[built.spec(pid).affinity.index()], CpuSet::single(CpuId(1)));
  }
  EXPECT_EQ(built.spec(40).slice, 0_ns);
}

TEST(BuildWorkload, SomebodyCountsAlways) {
  TraceMaker maker(1);
  maker.names(30, "kworker/0:1").sw(0, 0, 0, kStateRunning, 30).sw(50, 0, 30, kStateIdle, 0);
  EXPECT_FALSE(build(maker.trace()).spec(30).background);
}

TEST(BuildWorkload, MissingSwitchesAreMended) {
  TraceMaker maker;
  maker.sw(0, 0, 0, kStateRunning, 10).waking(100, 0, 11, 12, kSoftIrq);  // 11 runs, though nothing switched to it
  maker.sw(200, 1, 0, kStateRunning, 11).sw(300, 1, 11, kStateDead, 10).sw(350, 1, 10, kStateDead, 0);
  Built built = build(maker.trace());
  EXPECT_THAT(built.ops(10), ElementsAre(us(150), op::exit()));
}

TEST(BuildWorkload, RejectsImpossiblePids) {
  TraceMaker maker;
  maker.sw(0, 0, 0, kStateRunning, 10);
  maker.trace().events[0].pid = Pid(1 << 30);
  EXPECT_THROW(build_workload(maker.trace(), two_cpus()), Error);
}

}  // namespace
}  // namespace simsched

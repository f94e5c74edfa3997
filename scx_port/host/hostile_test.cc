// Every scheduler ends: with the answer of the kernel, or an end of its own, at the line that is to blame.
#include <gmock/gmock.h>

#include "scx_port/host/testing/simulation.h"

namespace simsched::bpf {
namespace {

using ::testing::HasSubstr;
using testing::Simulation;

std::shared_ptr<const BpfObject> hostile() {
  static const auto object = testing::compile("hostile", testing::read_source("hostile.bpf.c"));
  return object;
}

// Tasks that compute, on the first CPU alone.
Workload hogs(size_t count) {
  Workload workload;
  for (size_t i = 0; i < count; ++i) {
    const TaskId hog = simsched::testing::add_task(workload, "hog", {op::compute(Work(50'000'000))});
    workload.tasks[hog.index()].affinity = workload.intern_affinity(CpuSet::parse("0"));
  }
  return workload;
}

struct Outcome {
  std::string error, fault, status;
  int exit_code;
  uint64_t ran_with[2];
};

Outcome run(const std::string& mode, Simulation::Variables more = {}, size_t tasks = 2) {
  more.emplace_back("mode", mode);
  Simulation host(hostile(), more, nullptr, false, hogs(tasks));
  host.engine->run();
  const RunResult result = host.engine->result();
  EXPECT_EQ(result.metric("tasks_exited"), static_cast<int64_t>(tasks)) << "the fair class has them";
  return {host.ext->exit_info().message,
          host.fault(),
          result.status,
          result.exit_code,
          {host.variable("ran_with", 0), host.variable("ran_with", 1)}};
}

TEST(HostileScheduler, ATimerThatRunsOutAtOnceEnds) {
  for (const char* wait : {"0", "1"}) {  // with 1 ns time goes on, but never to the end
    const Outcome o = run("TIMER", {{"wait", wait}});
    EXPECT_EQ(o.exit_code, 44);
    EXPECT_THAT(o.error, HasSubstr("time does not go on"));
    EXPECT_THAT(o.error, HasSubstr("a timer's"));
  }
}

TEST(HostileScheduler, WhatReEnqueuesWhatItReEnqueuesEnds) {
  const Outcome o = run("REENQ");
  EXPECT_EQ(o.exit_code, 44);
  EXPECT_THAT(o.error, HasSubstr("re-enqueues what it re-enqueues: 256 times in a row on CPU 0"));
}

TEST(HostileScheduler, CallbacksThatAllStayWithinTheirBudgetUseUpThatOfTheRun) {
  const Outcome o = run("BURN", {{"burn", "200000000"}}, 12);
  EXPECT_EQ(o.exit_code, 44);
  EXPECT_THAT(o.fault, HasSubstr("hostile.bpf.c:"));
  EXPECT_THAT(o.fault, HasSubstr("takes too long in every callback"));
}

// can_skip_idle_kick() is asked when the switch to idle is over (kernel/sched/ext.c 6.12, 5979).
TEST(HostileScheduler, AnIdleKickOfTheOwnCpuIsJudgedAfterTheSwitch) {
  const Outcome o = run("KICK_IDLE", {}, 1);
  EXPECT_EQ(o.error, "");
  EXPECT_EQ(o.exit_code, 0);
}

// `out:` of scx_dispatch_from_dsq() (6.12, 6425) and scx_dsq_move().
TEST(HostileScheduler, AMoveThatFailsForgetsTheSliceThatWasSetForIt) {
  const Outcome o = run("MOVE_SLICE");
  EXPECT_EQ(o.ran_with[0], 20'000'000u);
  EXPECT_EQ(o.ran_with[1], 20'000'000u);
}

// What the kernel rejects is said in its words, and the result names the line that called it.
TEST(HostileScheduler, WhatTheKernelRejectsIsReportedAtThePolicysLine) {
  Outcome o = run("NR_QUEUED");
  EXPECT_EQ(o.error, "invalid CPU 4711");
  EXPECT_EQ(o.exit_code, 43);
  EXPECT_THAT(o.status, HasSubstr("hostile.bpf.c:56: invalid CPU 4711"));
  o = run("SLOTS");
  EXPECT_THAT(o.error, HasSubstr("kfunc with mask 0x2"));
  EXPECT_THAT(o.status, HasSubstr("hostile.bpf.c:58: "));
}

// scx_bpf_dsq_insert() is a function of compat.bpf.h here.
TEST(HostileScheduler, AFaultInAnInlineFunctionOfASharedHeaderIsAtTheLineThatCallsIt) {
  EXPECT_THAT(run("NULL_TASK").fault, HasSubstr("hostile.bpf.c:59: scx_bpf_dsq_insert() is passed a null task"));
}

}  // namespace
}  // namespace simsched::bpf

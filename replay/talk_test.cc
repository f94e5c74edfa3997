// What recorded calls become: channels, poll loops, locks, kills.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.h"
#include "replay/build_workload.h"
#include "traces/trace_maker.h"
#include "workloads/ideal_run.h"

namespace simsched {
namespace {

constexpr int kA = 10, kB = 11, kC = 12;  // pids
constexpr uint64_t kPipe = 2, kSocket = 4, kOther = 6, kFutex = 8;

// A recording of tasks A, B and C on two CPUs, with calls. Times are in microseconds.
class Talk {
 public:
  Talk() : maker_(2) { maker_.names(kA, "a").names(kB, "b").names(kC, "c"); }

  TraceMaker& events() { return maker_; }
  TraceCall& call(int64_t begin, int64_t end, int pid, CallKind kind, CallObject type, uint64_t object, int result) {
    TraceCall call;
    call.begin = Nanos(begin * 1000);
    call.end = Nanos(end * 1000);
    call.pid = Pid(pid);
    call.cpu = CpuId(0);
    call.kind = kind;
    call.type = type;
    call.object = object;
    call.result = result;
    maker_.trace().calls.push_back(call);
    return maker_.trace().calls.back();
  }
  Workload build(BuildReport* report = nullptr) {
    MachineSpec spec;
    spec.name = "test";
    spec.cpus = {{CoreId(0), LlcId(0), NodeId(0)}, {CoreId(1), LlcId(0), NodeId(0)}};
    spec.costs.context_switch = 0_ns;
    Workload workload = build_workload(maker_.trace(), Machine(spec), report);
    workload.check(2);
    EXPECT_TRUE(run_ideally(workload).completed(workload));
    return workload;
  }

 private:
  TraceMaker maker_;
};

std::vector<Op> ops(const Workload& workload, int pid, std::initializer_list<OpKind> kinds) {
  std::vector<Op> found;
  for (size_t i = 0; i < workload.tasks.size(); ++i) {
    if (workload.tasks[i].pid != pid) continue;
    for (const Op& op : workload.program(TaskId(i)))
      if (std::find(kinds.begin(), kinds.end(), op.kind) != kinds.end()) found.push_back(op);
  }
  return found;
}

int64_t bytes(const std::vector<Op>& list) {
  int64_t sum = 0;
  for (const Op& op : list) sum += op.value;
  return sum;
}

// A writes to a pipe three times; B, on the other CPU, blocks for the first and finds the others.
Talk pipe() {
  Talk talk;
  talk.events().sw(0, 0, 0, 0, kA).sw(0, 1, 0, 0, kB);
  talk.call(10, 100, kB, CallKind::kReceive, CallObject::kPipe, kPipe, 10);
  talk.events().sw(12, 1, kB, kStateInterruptible, 0);
  talk.call(60, 64, kA, CallKind::kSend, CallObject::kPipe, kPipe, 10);
  talk.events().waking(62, 0, kA, kB, 0, 1);
  talk.call(70, 72, kA, CallKind::kSend, CallObject::kPipe, kPipe, 5);
  talk.call(74, 76, kA, CallKind::kSend, CallObject::kPipe, kPipe, 15);
  talk.events().sw(98, 1, 0, 0, kB);
  talk.call(110, 112, kB, CallKind::kReceive, CallObject::kPipe, kPipe, 20);
  talk.events().sw(150, 0, kA, kStateZombie, 0).sw(160, 1, kB, kStateZombie, 0);
  return talk;
}

TEST(Talk, BytesGoThroughOneChannelWhetherSomebodyWaitedOrNot) {
  Workload w = pipe().build();
  ASSERT_EQ(w.channels.size(), 1u);
  EXPECT_EQ(w.channels[0].kind, ChannelSpec::Kind::kPipe);
  EXPECT_EQ(w.channels[0].capacity, 65536);
  std::vector<Op> sends = ops(w, kA, {OpKind::kSend}), receives = ops(w, kB, {OpKind::kReceive});
  ASSERT_EQ(sends.size(), 3u);
  EXPECT_EQ(bytes(sends), 30);
  ASSERT_EQ(receives.size(), 2u);
  EXPECT_EQ(receives[0].value, 10);
  EXPECT_EQ(receives[1].value, 20) << "a message of 5 and one of 15";
  EXPECT_TRUE(sends[0].flags & kOpSync);
  EXPECT_TRUE(ops(w, kB, {OpKind::kWait, OpKind::kSleep}).empty()) << "the channel is what it waits for";
  EXPECT_TRUE(ops(w, kA, {OpKind::kSignal}).empty());
  EXPECT_EQ(ops(w, kA, {OpKind::kUser}).size(), 3u) << "each send ends with the way back to user space";
}

TEST(Talk, ASendStandsAtItsWakeAndAReceiveWhereItBlocked) {
  Workload w = pipe().build();
  std::vector<Op> a = ops(w, kA, {OpKind::kCompute, OpKind::kSend});
  EXPECT_EQ(a[0], op::compute(Work(62'000)));
  EXPECT_EQ(a[1].kind, OpKind::kSend);
  std::vector<Op> b = ops(w, kB, {OpKind::kCompute, OpKind::kReceive});
  EXPECT_EQ(b[0], op::compute(Work(12'000)));
  EXPECT_EQ(b[1].kind, OpKind::kReceive);
}

TEST(Talk, WhatTwoTasksReadFromOnePipeGoesToTheOneThatReadIt) {
  Talk talk;
  talk.events().sw(0, 0, 0, 0, kA).sw(0, 1, 0, 0, kB);
  talk.call(10, 12, kA, CallKind::kSend, CallObject::kPipe, kPipe, 2);
  talk.call(20, 22, kB, CallKind::kReceive, CallObject::kPipe, kPipe, 1);
  talk.events().sw(30, 1, kB, kStatePreempted, kC);
  talk.call(40, 42, kC, CallKind::kReceive, CallObject::kPipe, kPipe, 1);
  talk.events().sw(50, 0, kA, kStateZombie, 0).sw(60, 1, kC, kStateZombie, kB).sw(70, 1, kB, kStateZombie, 0);
  Workload w = talk.build();
  EXPECT_EQ(w.channels.size(), 2u);
  EXPECT_EQ(ops(w, kA, {OpKind::kSend}).size(), 2u) << "one byte to each";
}

TEST(Talk, BytesFromNobodyAreThereFromTheStart) {
  Talk talk;
  talk.events().sw(0, 0, 0, 0, kA);
  talk.call(10, 12, kA, CallKind::kReceive, CallObject::kTcp, kSocket, 700);
  talk.events().sw(50, 0, kA, kStateZombie, 0);
  BuildReport report;
  Workload w = talk.build(&report);
  EXPECT_EQ(report.unmatched_receives, 1u);
  EXPECT_TRUE(ops(w, kA, {OpKind::kReceive}).empty());
}

TEST(Talk, BytesOfASendThatIsNotSeenToEndAreThereFromTheStart) {
  // The recording ends in it; or its task was never seen to run.
  for (int sender : {kA, kC}) {
    Talk talk;
    talk.events().sw(0, 0, 0, 0, kA).sw(0, 1, 0, 0, kB);
    talk.call(10, 90, sender, CallKind::kSend, CallObject::kPipe, kPipe, 30);
    talk.call(20, 22, kB, CallKind::kReceive, CallObject::kPipe, kPipe, 10);
    talk.call(30, 32, kB, CallKind::kReceive, CallObject::kPipe, kPipe, 20);
    talk.events().sw(60, 1, kB, kStateZombie, 0);
    BuildReport report;
    Workload w = talk.build(&report);
    EXPECT_TRUE(ops(w, kB, {OpKind::kReceive}).empty());
    EXPECT_EQ(report.unmatched_receives, 2u);
  }
}

TEST(Talk, ADatagramThatIsNotThereWhenItsReaderBlocksWasLost) {
  Talk talk;
  talk.events().sw(0, 0, 0, 0, kA).sw(0, 1, 0, 0, kB);
  talk.call(5, 6, kA, CallKind::kSend, CallObject::kUdp, kSocket, 100).flags = kCallMessages;
  talk.call(10, 40, kB, CallKind::kReceive, CallObject::kUdp, kSocket, 100).flags = kCallMessages;
  talk.events().sw(12, 1, kB, kStateInterruptible, 0);
  talk.call(29, 31, kA, CallKind::kSend, CallObject::kUdp, kSocket, 100).flags = kCallMessages;
  talk.events().waking(30, 0, kA, kB, kSoftIrq, 1).sw(38, 1, 0, 0, kB);
  talk.events().sw(50, 0, kA, kStateZombie, 0).sw(60, 1, kB, kStateZombie, 0);
  Workload w = talk.build();
  std::vector<Op> a = ops(w, kA, {OpKind::kCompute, OpKind::kSend});
  ASSERT_EQ(ops(w, kA, {OpKind::kSend}).size(), 1u);
  EXPECT_EQ(a[0], op::compute(Work(30'000)))
      << "only the second goes to the reader, from the soft interrupt of its send";
}

TEST(Talk, AReadOfAnEventfdTakesAllWrites) {
  Talk talk;
  talk.events().sw(0, 0, 0, 0, kA).sw(0, 1, 0, 0, kB);
  for (int i = 0; i < 3; ++i) talk.call(10 + 2 * i, 11 + 2 * i, kA, CallKind::kSend, CallObject::kEventfd, kOther, 8);
  talk.call(30, 31, kB, CallKind::kReceive, CallObject::kEventfd, kOther, 8);
  talk.events().sw(50, 0, kA, kStateZombie, 0).sw(60, 1, kB, kStateZombie, 0);
  Workload w = talk.build();
  EXPECT_EQ(bytes(ops(w, kB, {OpKind::kReceive})), 3);
  for (const Op& send : ops(w, kA, {OpKind::kSend})) EXPECT_FALSE(send.flags & kOpSync);
}

TEST(Talk, TheEndOfAStreamIsAMessage) {
  Talk talk;
  talk.events().sw(0, 0, 0, 0, kA).sw(0, 1, 0, 0, kB);
  talk.call(10, 100, kB, CallKind::kReceive, CallObject::kTcp, kSocket, 0);
  talk.events().sw(12, 1, kB, kStateInterruptible, 0);
  talk.call(60, 64, kA, CallKind::kClose, CallObject::kTcp, kSocket, 0);
  talk.events().waking(62, 0, kA, kB, kSoftIrq, 1).sw(98, 1, 0, 0, kB);
  talk.events().sw(150, 0, kA, kStateZombie, 0).sw(160, 1, kB, kStateZombie, 0);
  Workload w = talk.build();
  EXPECT_EQ(ops(w, kA, {OpKind::kSend}).size(), 1u);
  EXPECT_EQ(ops(w, kB, {OpKind::kReceive}).size(), 1u);
}

TEST(Talk, APollLoopBecomesSegmentsAndAnAnswerGoesWithItsRequest) {
  Talk talk;
  talk.events().sw(0, 0, 0, 0, kA).sw(0, 1, 0, 0, kB);
  constexpr uint64_t kRequest1 = 20, kAnswer1 = 21, kRequest2 = 30, kAnswer2 = 31;
  talk.call(5, 100, kB, CallKind::kPoll, CallObject::kNone, 0, 2);
  talk.events().sw(7, 1, kB, kStateInterruptible, 0);
  talk.call(10, 12, kA, CallKind::kSend, CallObject::kTcp, kRequest1, 8);
  talk.events().waking(11, 0, kA, kB, kSoftIrq, 1);
  talk.call(20, 22, kA, CallKind::kSend, CallObject::kTcp, kRequest2, 8);
  talk.events().sw(98, 1, 0, 0, kB);
  auto nonblocking = [](TraceCall& call) { call.flags = kCallNonBlocking; };
  nonblocking(talk.call(110, 112, kB, CallKind::kReceive, CallObject::kTcp, kRequest1, 8));
  nonblocking(talk.call(120, 122, kB, CallKind::kReceive, CallObject::kTcp, kRequest2, 8));
  talk.call(130, 132, kB, CallKind::kSend, CallObject::kTcp, kAnswer1, 4);
  talk.call(140, 142, kB, CallKind::kSend, CallObject::kTcp, kAnswer2, 4);
  talk.call(150, 152, kA, CallKind::kReceive, CallObject::kTcp, kAnswer1, 4);
  talk.call(153, 155, kA, CallKind::kReceive, CallObject::kTcp, kAnswer2, 4);
  talk.events().sw(160, 0, kA, kStateZombie, 0).sw(160, 1, kB, kStateZombie, 0);
  Workload w = talk.build();
  ASSERT_EQ(w.poll_loops.size(), 1u);
  EXPECT_EQ(w.poll_loops[0].batch, 2);
  std::vector<Op> b = ops(w, kB, {OpKind::kSelect, OpKind::kReceive, OpKind::kSend, OpKind::kSelectEnd});
  std::vector<OpKind> kinds;
  for (const Op& op : b) kinds.push_back(op.kind);
  EXPECT_THAT(kinds, testing::ElementsAre(OpKind::kSelect, OpKind::kReceive, OpKind::kSend, OpKind::kSelect,
                                          OpKind::kReceive, OpKind::kSend, OpKind::kSelectEnd));
}

TEST(Talk, AFutexThatIsGivenOnIsALock) {
  Talk talk;
  talk.events().sw(0, 0, 0, 0, kA).sw(0, 1, 0, 0, kB);
  talk.call(10, 100, kB, CallKind::kFutexWait, CallObject::kFutex, kFutex, 0);
  talk.events().sw(12, 1, kB, kStateInterruptible, 0);
  talk.call(60, 64, kA, CallKind::kFutexWake, CallObject::kFutex, kFutex, 1);
  talk.events().waking(62, 0, kA, kB, 0, 1).sw(98, 1, 0, 0, kB);
  talk.call(120, 121, kB, CallKind::kFutexWake, CallObject::kFutex, kFutex, 0);
  talk.events().sw(150, 0, kA, kStateZombie, 0).sw(160, 1, kB, kStateZombie, 0);
  Workload w = talk.build();
  std::vector<Op> locks = ops(w, kB, {OpKind::kLock});
  ASSERT_EQ(locks.size(), 1u);
  EXPECT_EQ(locks[0].value, 50'000) << "the holder worked from 12 to 62 us";
  EXPECT_EQ(w.lock_users[w.locks[static_cast<size_t>(locks[0].arg)].first + locks[0].slot].value(), 0) << "A";
  EXPECT_TRUE(ops(w, kA, {OpKind::kSignal}).empty());
}

TEST(Talk, AFutexThatTellsOfAnEventIsASignalAndBlocksAsItDid) {
  Talk talk;
  talk.events().sw(0, 0, 0, 0, kA).sw(0, 1, 0, 0, kB);
  talk.call(10, 100, kB, CallKind::kFutexWait, CallObject::kFutex, kFutex, 0);
  talk.events().sw(12, 1, kB, kStateInterruptible, 0);
  talk.call(60, 64, kA, CallKind::kFutexWake, CallObject::kFutex, kFutex, 1);
  talk.events().waking(62, 0, kA, kB, 0, 1).sw(98, 1, 0, 0, kB);
  talk.events().sw(150, 0, kA, kStateZombie, 0).sw(160, 1, kB, kStateZombie, 0);
  Workload w = talk.build();
  std::vector<Op> waits = ops(w, kB, {OpKind::kWait});
  ASSERT_EQ(waits.size(), 1u);
  EXPECT_TRUE(waits[0].flags & kOpForce);
  EXPECT_FALSE(ops(w, kA, {OpKind::kSignal})[0].flags & kOpSync);
}

TEST(Talk, ATaskThatASignalEndsWaitsForIt) {
  Talk talk;
  talk.events().sw(0, 0, 0, 0, kA).sw(0, 1, 0, 0, kB);
  talk.call(100, 102, kA, CallKind::kKill, CallObject::kNone, 0, 0).request = kB;
  talk.events().sw(300, 1, kB, kStateZombie, 0).sw(400, 0, kA, kStateZombie, 0);
  Workload w = talk.build();
  ASSERT_EQ(ops(w, kA, {OpKind::kKill}).size(), 1u);
  std::vector<Op> b = ops(w, kB, {OpKind::kCompute, OpKind::kKilled});
  ASSERT_EQ(b.size(), 3u);
  EXPECT_EQ(b[0], op::compute(Work(102'000)));
  EXPECT_TRUE(b[1].flags & kOpRuns);
}

TEST(Talk, ASignalThatATaskSurvivesIsNone) {
  Talk talk;
  talk.events().sw(0, 0, 0, 0, kA).sw(0, 1, 0, 0, kB);
  talk.call(100, 102, kA, CallKind::kKill, CallObject::kNone, 0, 0).request = kB;
  talk.events().sw(30'000, 1, kB, kStateZombie, 0).sw(40'000, 0, kA, kStateZombie, 0);
  EXPECT_TRUE(ops(talk.build(), kA, {OpKind::kKill}).empty());
}

}  // namespace
}  // namespace simsched

// Program: what a task does, as a flat array of operations that the engine steps through with a
// program counter. Operations are data of 16 bytes: they have no stack, can be shared by any number
// of tasks, and can be read from a file as they are.
//
// Only kCompute and kRuntime take CPU time; every other operation happens at the instant that the task reaches
// it, or blocks the task.
#pragma once

#include <cstdint>

#include "base/ids.h"
#include "base/units.h"

namespace simsched {

enum class OpKind : uint8_t {
  kCompute,      // value: Work
  kSleep,        // value: Nanos from now. A timer or I/O of fixed length
  kSleepUntil,   // value: absolute Nanos; no block when it has passed
  kSleepPeriod,  // value: period; sleeps until the next multiple of it after the task's start
  kTimer,        // arg: timer, which tasks may share; value: period. The timer goes on by that, and the task sleeps until
                 // then. A timer that is late begins anew now, or with kOpCatchUp stays late
  kWait,         // arg: token. Takes one, or blocks until one is signalled
  kSignal,       // arg: token. Adds one, or wakes the first waiter. With a `slot`, of both: the first of so many tokens,
                 // of which each CPU has its own (CPU n that of n modulo `slot`)
  kFork,         // arg: task to start
  kWaitChild,    // takes the exit of one child, or blocks until a child exits
  kExec,         // the program image is replaced: the policy may move the task
  kExit,         // ends the task (the end of the program does too)
  kYield,        // sched_yield()
  // Of the task `arg`; none: of itself.
  kSetNice,      // value: nice
  kSetPolicy,    // value: SchedPolicy; slot: real-time priority, or number of the reservation (from 1)
  kSetAffinity,  // value: AffinityId
  kSetGroup,     // value: GroupId
  kChangeGroup,  // arg: group; value: number of its new settings
  kLock,     // arg: lock; slot: its user who held it in the recording; value: Work. Blocks until the holder, or another
             // user of the lock, has done so much work
  kKill,     // arg: task. That goes to its kKilled, whatever it does; with kOpEnds, to its end
  kKilled,   // waits for the kKill; with kOpRuns it works until then
  kSend,     // arg: channel; value: bytes. Puts them in, or blocks until there is room; wakes the receiver
  kReceive,  // arg: channel; value: bytes. Takes them as they come, or blocks until it has all
  kSelect,   // a segment of a poll loop: this op, a kReceive, and what follows it; value: ops to the next segment
             // or the end. Segments begin in the order in which their bytes come. arg: poll loop
  kSelectEnd,  // arg: poll loop. Passed when all its segments are done
  kFrame,      // value: period. What the task makes periodically is done: an image, a block of sound. It is due in each
               // period after the task's start
  kPacketIn,   // arg: packet queue. Takes its next packet, or blocks until there is one; its work is what that costs
  kPacketOut,  // the packet that was taken last is done
  kPoll,       // arg: poll thread (workloads/packets.h). Polls its rings, or blocks until there is something to poll
  kRuntime,    // value: Nanos; arg: ns. Computes until so much time has passed, on a CPU or not, in pieces of so much
               // work
  kBarrier,    // arg: token; value: tasks. Blocks until so many are here, with this one
  kUser,       // goes back to user space: the CPU may be taken away again (kOpKernel)
  kLoop,       // jumps to op `arg` of the program until passed `value` times (0: for ever); counter `slot`
};

enum OpFlag : uint8_t {
  kOpIo = 1,          // sleep, wait: uninterruptible (state D), counted as I/O wait
  kOpSync = 2,        // signal, send: the waker is about to sleep (WF_SYNC)
  kOpIdle = 4,        // sleep, wait: state I, an idle kernel thread
  kOpKernel = 8,      // signal, send: the waker stays in the kernel until it blocks or kUser. Not preempted before,
                      // where the kernel is not preemptible
  kOpElsewhere = 16,  // sleep: an interrupt of another CPU than the task's last ends it
  kOpSoftIrq = 32,    // sleep: a soft interrupt ends it (I/O, RCU), not a hard one (a timer)
  kOpRuns = 1,        // killed: while it ran
  kOpEnds = 1,        // kill
  kOpForce = 64,      // wait: leaves the CPU even if it was signalled before, and comes back at once (a lost race)
  // Of different ops:
  kOpExits = 128,  // signal: the task exits and tells its parent (exit_notify())
  kOpBarge =
      16,        // wait, signal: of a mutex. Who is woken has to take the token, which another may have taken meanwhile
  kOpLost = 32,  // signal: is lost when nobody waits
  kOpAll = 64,   // signal: wakes all who wait, and is lost when nobody does
  kOpCatchUp = 1,  // timer
  kOpTick = 128,   // sleep: the tick ends it that comes `value` after the last one before it (timer wheel, RCU)
};

constexpr int kLoopSlots = 4;  // nesting depth of kLoop

struct Op {
  OpKind kind;
  uint8_t flags = 0;
  uint16_t slot = 0;
  int32_t arg = 0;
  int64_t value = 0;

  friend bool operator==(const Op&, const Op&) = default;
};
static_assert(sizeof(Op) == 16);

namespace op {
constexpr Op compute(Work w) { return {OpKind::kCompute, 0, 0, 0, w.count()}; }
constexpr Op sleep(Nanos d, uint8_t flags = 0) { return {OpKind::kSleep, flags, 0, 0, d.count()}; }
constexpr Op sleep_until(Nanos t, uint8_t flags = 0) { return {OpKind::kSleepUntil, flags, 0, 0, t.count()}; }
constexpr Op sleep_period(Nanos p) { return {OpKind::kSleepPeriod, 0, 0, 0, p.count()}; }
constexpr Op timer(int32_t timer, Nanos period, uint8_t flags = 0) {
  return {OpKind::kTimer, flags, 0, timer, period.count()};
}
constexpr Op wait(TokenId t, uint8_t flags = 0) { return {OpKind::kWait, flags, 0, t.value(), 0}; }
constexpr Op signal(TokenId t, uint8_t flags = 0) { return {OpKind::kSignal, flags, 0, t.value(), 0}; }
constexpr Op kill(TaskId t) { return {OpKind::kKill, 0, 0, t.value(), 0}; }
constexpr Op killed(uint8_t flags = 0) { return {OpKind::kKilled, flags, 0, 0, 0}; }
constexpr Op lock(int32_t lock, uint16_t holder, Work held) { return {OpKind::kLock, 0, holder, lock, held.count()}; }
constexpr Op send(ChannelId c, int64_t bytes, uint8_t flags = 0) { return {OpKind::kSend, flags, 0, c.value(), bytes}; }
constexpr Op receive(ChannelId c, int64_t bytes) { return {OpKind::kReceive, 0, 0, c.value(), bytes}; }
constexpr Op select(int32_t loop, int64_t ops) { return {OpKind::kSelect, 0, 0, loop, ops}; }
constexpr Op select_end(int32_t loop) { return {OpKind::kSelectEnd, 0, 0, loop, 0}; }
constexpr Op frame(Nanos period) { return {OpKind::kFrame, 0, 0, 0, period.count()}; }
constexpr Op packet_in(int32_t queue) { return {OpKind::kPacketIn, 0, 0, queue, 0}; }
constexpr Op packet_out() { return {OpKind::kPacketOut}; }
constexpr Op poll(int32_t thread) { return {OpKind::kPoll, 0, 0, thread, 0}; }
constexpr Op runtime(Nanos time, Work piece) {
  return {OpKind::kRuntime, 0, 0, static_cast<int32_t>(piece.count()), time.count()};
}
constexpr Op barrier(TokenId t, int64_t tasks) { return {OpKind::kBarrier, 0, 0, t.value(), tasks}; }
constexpr Op user() { return {OpKind::kUser}; }
constexpr Op fork(TaskId t) { return {OpKind::kFork, 0, 0, t.value(), 0}; }
constexpr Op wait_child() { return {OpKind::kWaitChild}; }
constexpr Op exec() { return {OpKind::kExec}; }
constexpr Op exit() { return {OpKind::kExit}; }
constexpr Op yield() { return {OpKind::kYield}; }
constexpr Op set_nice(int nice, TaskId task = {}) { return {OpKind::kSetNice, 0, 0, task.value(), nice}; }
// `policy`: a SchedPolicy; `priority`: of a real-time one; of SCHED_DEADLINE its reservation's number.
template <class Policy>
constexpr Op set_policy(Policy policy, TaskId task = {}, uint16_t priority = 0) {
  return {OpKind::kSetPolicy, 0, priority, task.value(), static_cast<int64_t>(policy)};
}
constexpr Op set_affinity(AffinityId cpus, TaskId task = {}) {
  return {OpKind::kSetAffinity, 0, 0, task.value(), cpus.value()};
}
constexpr Op set_group(GroupId group, TaskId task = {}) {
  return {OpKind::kSetGroup, 0, 0, task.value(), group.value()};
}
constexpr Op loop(int32_t target, int64_t times, uint16_t slot = 0) { return {OpKind::kLoop, 0, slot, target, times}; }
}  // namespace op

}  // namespace simsched

// Programs: what running tasks do.
#include <algorithm>

#include "base/error.h"
#include "sim/engine.h"

namespace simsched {
namespace {

constexpr int kMaxInstantOps = 1 << 20;  // ops in a row that take no time: the program is stuck

uint16_t sleep_state(const Op& op) {
  return op.flags & kOpIo     ? kStateUninterruptible
         : op.flags & kOpIdle ? kStateIdle | kStateUninterruptible
                              : kStateInterruptible;
}

// A task that has signalled or sent goes on so far before its CPU can be taken away.
bool goes_on_in_kernel(OpKind kind) {
  return kind == OpKind::kCompute || kind == OpKind::kSignal || kind == OpKind::kSend || kind == OpKind::kReceive ||
         kind == OpKind::kSelect || kind == OpKind::kSelectEnd || kind == OpKind::kKill;
}

Cause sleep_cause(const Op& op) {
  return op.flags & kOpIo ? Cause::kBlockedIo : op.flags & kOpIdle ? Cause::kBlockedIdle : Cause::kBlockedSleep;
}

}  // namespace

// The running task of `cpu` has done its op: goes on to the next one that takes time or blocks.
void Engine::advance(CpuId cpu) {
  TaskId id = curr(cpu);
  Task& task = tasks_[id.index()];
  SIMSCHED_CHECK(task.remaining == Work(0) && task.refill >= Work(0), describe(id) + " has lost work");
  if (is_stopper(id)) {
    run_stopper(cpu);
    block(cpu, id, Cause::kBlockedIdle, kStateInterruptible);
    return;
  }
  if (isa_lacking(id, cpu) != 0) return end_illegal(cpu, id);
  if (!holding_.empty() && let_lock_go(cpu, id)) return;
  if (task.ended) return exit_task(cpu, id);
  if (task.killed) go_to_kill(id);
  std::span<const Op> program = workload_.program(id);
  for (int instant = 0; instant < kMaxInstantOps; ++instant) {
    if (task.pc >= program.size()) return exit_task(cpu, id);
    const Op& op = program[task.pc++];
    if (task.in_kernel && !task.exiting && !goes_on_in_kernel(op.kind)) leave_kernel(cpu, task);
    switch (op.kind) {
      case OpKind::kCompute:
        if (op.value <= 0) break;
        return start_work(cpu, id, Work(op.value));
      case OpKind::kSleep:
        return sleep_until(cpu, id, op.flags & kOpTick ? tick_after(Nanos(op.value)) : now_ + Nanos(op.value), op.flags,
                           sleep_cause(op), sleep_state(op));
      case OpKind::kSleepUntil:
        if (Nanos(op.value) <= now_) break;
        return sleep_until(cpu, id, Nanos(op.value), op.flags, sleep_cause(op), sleep_state(op));
      case OpKind::kSleepPeriod: {
        Nanos period(op.value);
        Nanos next = task.born + ((now_ - task.born) / period + 1) * period;
        return sleep_until(cpu, id, next, op.flags, sleep_cause(op), sleep_state(op));
      }
      case OpKind::kTimer:
        if (!timer(cpu, id, op)) return;
        break;
      case OpKind::kRuntime:
        if (!runtime(cpu, id, op)) return;
        break;
      case OpKind::kBarrier:
        if (!barrier(cpu, id, op)) return;
        break;
      case OpKind::kWait:
        if (!wait(cpu, id, op)) return;
        break;
      case OpKind::kSignal:
        if (op.flags & kOpExits) start_exit(cpu, id);
        task.in_kernel = task.exiting || op.flags & kOpKernel;
        signal(token_of(cpu, op), op.flags);
        break;
      case OpKind::kKill:
        if (op.flags & kOpEnds)
          end(TaskId(op.arg));
        else
          kill(TaskId(op.arg));
        if (task.ended) return exit_task(cpu, id);
        break;
      case OpKind::kKilled:
        if (!await_kill(cpu, id, op)) return;
        break;
      case OpKind::kLock:
        return wait_for_lock(cpu, id, op);
      case OpKind::kSend:
        if (!send(cpu, id, op)) return;
        break;
      case OpKind::kReceive:
        if (!receive(cpu, id, op)) return;
        break;
      case OpKind::kSelect:
      case OpKind::kSelectEnd:
        if (!select(cpu, id, op)) return;
        break;
      case OpKind::kFrame:
        end_frame(task, Nanos(op.value));
        break;
      case OpKind::kPacketIn:
        if (!packet_in(cpu, id, op)) return;
        break;
      case OpKind::kPacketOut:
        packets_.serve_taken(workload_.packets, id, now_);
        break;
      case OpKind::kPoll:
        if (!poll(cpu, id, op)) return;
        break;
      case OpKind::kUser:
        break;  // leave_kernel() above
      case OpKind::kFork:
        fork(cpu, id, TaskId(op.arg));
        break;
      case OpKind::kWaitChild:
        if (task.child_exits > 0) {
          --task.child_exits;
          break;
        }
        task.waits_for_child = true;
        return block(cpu, id, Cause::kBlockedChild, kStateInterruptible);
      case OpKind::kExec:
        if (recorder_) recorder_->exec(now_, cpu, id);
        new_image(cpu, id);
        if (!sched_exec(cpu, id)) break;
        return schedule(cpu);
      case OpKind::kExit:
        return exit_task(cpu, id);
      case OpKind::kYield:
        class_of(id).yield_task(cpu, id);
        schedule(cpu);
        if (curr(cpu) != id) return;
        break;
      case OpKind::kSetNice:
      case OpKind::kSetPolicy:
      case OpKind::kSetAffinity:
      case OpKind::kSetGroup:
      case OpKind::kChangeGroup:
        change(op, id);
        if (!cpu_allowed(id, cpu)) schedule(cpu);  // its stopper is to take it away first
        if (curr(cpu) != id) return;
        break;
      case OpKind::kLoop:
        if (op.value != 0 && ++task.loops[op.slot] >= op.value) {
          task.loops[op.slot] = 0;
          break;
        }
        task.pc = static_cast<uint32_t>(op.arg);
        break;
    }
  }
  throw Error(workload_.name, describe(id) + " loops without ever computing or sleeping", "put work into its loop");
}

// Periods after the first frame that see none are misses: a frame that is late is in the next one.
void Engine::end_frame(Task& task, Nanos period) {
  ++metrics_.frames;
  if (task.last_frame != kNoFrame) {
    auto due = [&](Nanos time) { return (time - task.born + period - 1_ns) / period; };
    metrics_.frame_time.add(now_ - task.last_frame);
    metrics_.deadline_misses += static_cast<uint64_t>(std::max(due(now_) - due(task.last_frame) - 1, int64_t{0}));
  }
  task.last_frame = now_;
}

// The task reaches an op that may block: when it does, schedule() follows at once; when it does not,
// what asked for its CPU meanwhile gets it now.
void Engine::leave_kernel(CpuId cpu, Task& task) {
  task.in_kernel = false;
  if (rqs_[cpu.index()].need_resched && !kernel_preemptible()) plan_resched(cpu, Nanos(0));
}

void Engine::sleep_until(CpuId cpu, TaskId id, Nanos time, uint8_t op_flags, Cause cause, uint16_t trace_state) {
  Task& task = tasks_[id.index()];
  task.wake_elsewhere = op_flags & kOpElsewhere;
  task.wake_softirq = op_flags & kOpSoftIrq;
  agenda_.push(std::max(time, now_), EventKind::kTimer, static_cast<uint32_t>(id.value()));
  // A device's interrupt is no timer that the CPU could know of.
  if (cause == Cause::kBlockedSleep && !(op_flags & (kOpElsewhere | kOpSoftIrq))) add_sleep_timer(cpu, time);
  block(cpu, id, cause, trace_state);
}

void Engine::block(CpuId cpu, TaskId id, Cause cause, uint16_t trace_state) {
  if (!holding_.empty() && !is_stopper(id)) let_all_locks_go(id);
  Task& task = tasks_[id.index()];
  task.state = TaskState::kBlocked;
  task.blocked_by = cause;
  task.since = now_;
  task.prev_state = trace_state;
  deactivate_task(cpu, id, kDequeueSleep);
  schedule(cpu);
}

// The running task of `cpu` works so long.
void Engine::start_work(CpuId cpu, TaskId id, Work work) {
  tasks_[id.index()].remaining = work;
  if (!holding_.empty()) cut_op(id, work);
  arm_done(cpu);
}

// do_exit() has come to where the parent is told.
void Engine::start_exit(CpuId cpu, TaskId id) {
  Task& task = tasks_[id.index()];
  task.exiting = task.in_kernel = true;            // and does not leave it again
  if (params_.autogroup) task.group = GroupId(0);  // sched_autogroup_exit_task()
  class_of(id).task_exits(cpu, id);
}

void Engine::exit_task(CpuId cpu, TaskId id, uint64_t Metrics::*outcome) {
  if (!holding_.empty()) let_all_locks_go(id);
  Task& task = tasks_[id.index()];
  if (!task.exiting) start_exit(cpu, id);
  TaskId parent = spec(id).parent;
  if (parent.valid() && tasks_[parent.index()].state != TaskState::kDead) {
    Task& waiter = tasks_[parent.index()];
    if (waiter.waits_for_child) {
      waiter.waits_for_child = false;
      try_to_wake_up(parent, kWfTtwu | kWfSync);  // __wake_up_parent()
    } else {
      ++waiter.child_exits;
    }
  }
  task.state = TaskState::kDead;
  task.since = now_;
  task.prev_state = kStateZombie;
  SIMSCHED_CHECK(deactivate_task(cpu, id, kDequeueSleep | kDequeueSpecial), "the dequeue of an exit was delayed");
  ++(metrics_.*outcome);
  if (!spec(id).background) {
    --foreground_left_;
    last_exit_ = now_;
  }
  schedule(cpu);
  class_of(id).task_dead(id);  // finish_task_switch()
  for (SchedClass* watcher : watchers_.tasks) watcher->any_task_dead(id);
}

TokenId Engine::token_of(CpuId cpu, const Op& op) const {
  return op.slot == 0 ? TokenId(op.arg) : TokenId(op.arg + cpu.value() % op.slot);
}

void Engine::signal(TokenId id, uint8_t op_flags) {
  Token& token = tokens_[id.index()];
  const uint32_t wake_flags = op_flags & kOpSync ? kWfTtwu | kWfSync : kWfTtwu;
  const bool waits = token.waiters.first.valid();
  if (op_flags & kOpBarge || (!waits && !(op_flags & (kOpLost | kOpAll)))) ++token.count;
  if (!waits) return;
  // Those who wait now: who is woken may wait again before the last one is.
  const TaskId last = op_flags & kOpAll ? token.waiters.last : token.waiters.first;
  for (TaskId woken; woken != last;) try_to_wake_up(woken = take_first(token.waiters), wake_flags);
}

void Engine::join(WaitQueue& queue, TaskId id) {
  (queue.last.valid() ? tasks_[queue.last.index()].next_waiter : queue.first) = id;
  queue.last = id;
  tasks_[id.index()].next_waiter = TaskId();
}

TaskId Engine::take_first(WaitQueue& queue) {
  TaskId waiter = queue.first;
  queue.first = tasks_[waiter.index()].next_waiter;
  if (!queue.first.valid()) queue.last = TaskId();
  return waiter;
}

// True: it goes on; false: it has blocked.
bool Engine::wait(CpuId cpu, TaskId id, const Op& op) {
  Token& token = tokens_[token_of(cpu, op).index()];
  Cause cause = op.flags & (kOpIo | kOpIdle) ? sleep_cause(op) : Cause::kBlockedToken;
  ++nr_waits_;
  if (token.count > 0) {
    --token.count;
    if (!(op.flags & kOpForce)) {
      ++nr_free_waits_;
      return true;
    }
    // The waker saw it off the queue but still on its CPU: it comes back there (ttwu_queue_wakelist()).
    block(cpu, id, cause, sleep_state(op));
    try_to_wake_up(id, kWfTtwu | kWfOnCpu);
    return false;
  }
  if (op.flags & kOpBarge) --tasks_[id.index()].pc;
  join(token.waiters, id);
  block(cpu, id, cause, sleep_state(op));
  return false;
}

// The same of those that follow.
bool Engine::barrier(CpuId cpu, TaskId id, const Op& op) {
  Token& token = tokens_[token_of(cpu, op).index()];
  if (++token.count < op.value) {
    join(token.waiters, id);
    block(cpu, id, Cause::kBlockedToken, kStateInterruptible);
    return false;
  }
  token.count = 0;
  signal(TokenId(op.arg), kOpAll);
  return true;
}

bool Engine::timer(CpuId cpu, TaskId id, const Op& op) {
  Nanos& due = timers_[static_cast<size_t>(op.arg)];
  due += Nanos(op.value);
  if (due > now_) {
    sleep_until(cpu, id, due, op.flags & ~kOpCatchUp, Cause::kBlockedSleep, kStateInterruptible);
    return false;
  }
  if (!(op.flags & kOpCatchUp)) due = now_;
  return true;
}

bool Engine::runtime(CpuId cpu, TaskId id, const Op& op) {
  Nanos& until = until_[id.index()];
  if (until == Nanos(0)) until = now_ + Nanos(op.value);
  if (until <= now_) {
    until = Nanos(0);
    return true;
  }
  --tasks_[id.index()].pc;
  start_work(cpu, id, Work(op.arg));
  return false;
}

// A task that nobody forks comes into being as if its CPU had.
void Engine::start_task(TaskId id) {
  if (tasks_[id.index()].ended) return;
  context_.cpu = tasks_[id.index()].cpu;
  for (SchedClass* watcher : watchers_.tasks) watcher->any_task_new(id);
  class_of(id).task_fork(id, TaskId());
  wake_up_new_task(id);
}

void Engine::fork(CpuId cpu, TaskId parent, TaskId child) {
  Task& task = tasks_[child.index()];
  SIMSCHED_CHECK(task.state == TaskState::kNew, describe(child) + " is forked twice");
  if (task.ended) {  // before it began
    ++tasks_[parent.index()].child_exits;
    return;
  }
  ++metrics_.forks;
  task.cpu = cpu_allowed(child, cpu) ? cpu : allowed(child).first_cpu();
  if (recorder_) recorder_->fork(now_, cpu, parent, child);
  for (SchedClass* watcher : watchers_.tasks) watcher->any_task_new(child);
  class_of(child).task_fork(child, parent);
  wake_up_new_task(child);
}

// What a task (none: somebody outside) makes of itself or of others.
void Engine::change(const Op& op, TaskId self) {
  const TaskId target = op.arg >= 0 && op.kind != OpKind::kChangeGroup ? TaskId(op.arg) : self;
  if (target.valid() && tasks_[target.index()].state == TaskState::kDead) return;
  switch (op.kind) {
    case OpKind::kSetNice:
      return set_nice(target, static_cast<int>(op.value));
    case OpKind::kSetPolicy:
      return set_scheduler(target, static_cast<SchedPolicy>(op.value), op.slot);
    case OpKind::kSetAffinity:
      return set_affinity(target, AffinityId(static_cast<size_t>(op.value)));
    case OpKind::kSetGroup:
      return move_to_group(target, GroupId(static_cast<size_t>(op.value)));
    case OpKind::kChangeGroup:
      return change_group(GroupId(op.arg), static_cast<int32_t>(op.value));
    default:
      SIMSCHED_CHECK(false, "an operation that changes nothing");
  }
}

bool Engine::apply_change(const TimedChange& timed) {
  const Op& op = timed.op;
  if (op.kind == OpKind::kKill) {
    if (op.flags & kOpEnds)
      end(TaskId(op.arg));
    else
      kill(TaskId(op.arg));
    return false;
  }
  if (op.kind != OpKind::kChangeGroup && tasks_[static_cast<size_t>(op.arg)].state == TaskState::kDead) return false;
  change(op, TaskId());
  return true;
}

}  // namespace simsched

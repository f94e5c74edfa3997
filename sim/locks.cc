// Locks: a task that found one taken waits until its holder has worked so long as it did in the recording, wherever the
// holder is by then. Who holds it is not known - a free lock leaves no trace - but somebody does who uses it and is not
// blocked himself: so nobody waits for ever, and when a holder is preempted, those who wait are held up too.
#include <algorithm>

#include "base/error.h"
#include "sim/engine.h"

namespace simsched {

// The task that holds the lock while `waiter` waits: the one of the recording if it can, else one that runs, else one
// that could; none when all are blocked.
TaskId Engine::holder_for(const Op& op, TaskId waiter) const {
  const LockSpec& lock = workload_.locks[static_cast<size_t>(op.arg)];
  std::span<const TaskId> users(workload_.lock_users.data() + lock.first, lock.count);
  auto in_state = [&](TaskState state) {
    return [this, state, waiter](TaskId task) { return task != waiter && tasks_[task.index()].state == state; };
  };
  TaskId recorded = users[op.slot];
  if (in_state(TaskState::kRunning)(recorded) || in_state(TaskState::kRunnable)(recorded)) return recorded;
  for (TaskState state : {TaskState::kRunning, TaskState::kRunnable}) {
    auto found = std::find_if(users.begin(), users.end(), in_state(state));
    if (found != users.end()) return *found;
  }
  return {};
}

void Engine::wait_for_lock(CpuId cpu, TaskId id, const Op& op) {
  TaskId holder = holder_for(op, id);
  if (!holder.valid()) {
    block(cpu, id, Cause::kBlockedToken, kStateInterruptible);
    try_to_wake_up(id, kWfTtwu | kWfOnCpu);
    return;
  }
  Task& task = tasks_[holder.index()];
  const bool runs = task.state == TaskState::kRunning;
  if (runs) settle(task.cpu);
  // What the holder has of its op still to do is cut anew.
  Holding& holding = holding_[holder.index()];
  Work done = holding.first.valid() ? holding.part - task.remaining : Work(0);
  if (holding.first.valid()) waits_[holding.first.index()] -= done;
  Work before{0};
  TaskId* link = &holding.first;
  for (; link->valid() && before + waits_[link->index()] <= Work(op.value); link = &tasks_[link->index()].next_waiter)
    before += waits_[link->index()];
  waits_[id.index()] = Work(op.value) - before;
  if (link->valid()) waits_[link->index()] -= waits_[id.index()];
  tasks_[id.index()].next_waiter = *link;
  *link = id;
  cut_op(holder, task.remaining + holding.rest);
  if (runs) arm_done(task.cpu);
  block(cpu, id, Cause::kBlockedToken, kStateInterruptible);
}

// The holder works for the first of those who wait, and then for the next.
void Engine::cut_op(TaskId holder, Work left) {
  Holding& holding = holding_[holder.index()];
  holding.part = holding.first.valid() ? std::min(left, waits_[holding.first.index()]) : left;
  holding.rest = left - holding.part;
  tasks_[holder.index()].remaining = holding.part;
}

// A part of the holder's op is done. True: it goes on with the rest.
bool Engine::let_lock_go(CpuId cpu, TaskId holder) {
  Holding& holding = holding_[holder.index()];
  if (holding.first.valid()) waits_[holding.first.index()] -= holding.part;
  holding.part = Work(0);
  while (holding.first.valid() && waits_[holding.first.index()] <= Work(0)) wake_lock_waiter(holding);
  if (holding.rest == Work(0)) return false;
  cut_op(holder, holding.rest);
  arm_done(cpu);
  return true;
}

// A task that blocks or exits is taken to have let go before.
void Engine::let_all_locks_go(TaskId holder) {
  while (holding_[holder.index()].first.valid()) wake_lock_waiter(holding_[holder.index()]);
}

void Engine::wake_lock_waiter(Holding& holding) {
  TaskId waiter = holding.first;
  holding.first = tasks_[waiter.index()].next_waiter;
  try_to_wake_up(waiter, kWfTtwu);
}

}  // namespace simsched

// A replay in which all tasks wait for each other. Each wait of a recording was met once, but in another order of
// execution (receivers that compete, what the recording lacks) one may come that nothing meets any more. Then the wait
// that lasts longest is let go, and counted: the replay ends, and says that it is not to be trusted.
#include <algorithm>

#include "base/error.h"
#include "sim/engine.h"

namespace simsched {

// Takes `task` out of a queue; false when it is not in it.
bool Engine::remove(WaitQueue& queue, TaskId task) {
  TaskId before;
  for (TaskId at = queue.first; at.valid(); before = at, at = tasks_[at.index()].next_waiter) {
    if (at != task) continue;
    (before.valid() ? tasks_[before.index()].next_waiter : queue.first) = tasks_[at.index()].next_waiter;
    if (queue.last == at) queue.last = before;
    return true;
  }
  return false;
}

bool Engine::let_one_go() {
  // A writer that waits for more room than there is yet, while its reader waits for something else: the thresholds of
  // the kernel spare wake-ups, and must not cost the end.
  for (size_t i = 0; i < channels_.size(); ++i) {
    if (!channels_[i].writers.first.valid() || !has_room(channels_[i], workload_.channels[i])) continue;
    context_ = {tasks_[channels_[i].writers.first.index()].cpu, Context::By::kSoftIrq};
    wake_writers(channels_[i], workload_.channels[i].kind == ChannelSpec::Kind::kUnix);
    return true;
  }
  if (!workload_.recorded) return false;
  std::vector<TaskId> blocked;
  for (size_t i = 0; i < workload_.tasks.size(); ++i)
    if (tasks_[i].state == TaskState::kBlocked) blocked.emplace_back(i);
  std::stable_sort(blocked.begin(), blocked.end(),
                   [&](TaskId a, TaskId b) { return tasks_[a.index()].since < tasks_[b.index()].since; });
  return std::any_of(blocked.begin(), blocked.end(), [&](TaskId task) { return let_go(task); });
}

// Takes a blocked task out of what it waits for, as if that had come. False: it sleeps.
bool Engine::leave_queue(TaskId id) {
  Task& task = tasks_[id.index()];
  std::span<const Op> program = workload_.program(id);
  const Op* next = task.pc < program.size() ? &program[task.pc] : nullptr;
  const Op* last = task.pc > 0 ? &program[task.pc - 1] : nullptr;
  if (task.receiving && next->kind == OpKind::kReceive) {
    channels_[static_cast<size_t>(next->arg)].bytes -= next->value - moved_[id.index()];
    moved_[id.index()] = 0;
    ++task.pc;
  } else if (task.receiving) {
    PollLoop& loop = poll_loops_[static_cast<size_t>(next->arg)];
    const Op& receive = program[loop.base + 1];
    channels_[static_cast<size_t>(receive.arg)].bytes -= receive.value;
    loop.running = 0;
    loop.polled = false;
    task.pc = loop.base + 2;
  } else if (next && next->kind == OpKind::kSend && remove(channels_[static_cast<size_t>(next->arg)].writers, id)) {
    channels_[static_cast<size_t>(next->arg)].bytes += next->value - moved_[id.index()];
    moved_[id.index()] = 0;
    ++task.pc;
  } else if (next && next->kind == OpKind::kWait && next->flags & kOpBarge &&
             remove(tokens_[token_of(task.cpu, *next).index()].waiters, id)) {
    ++task.pc;
  } else if (last && (last->kind == OpKind::kWait || last->kind == OpKind::kBarrier) &&
             remove(tokens_[token_of(task.cpu, *last).index()].waiters, id)) {
    --tokens_[token_of(task.cpu, *last).index()].count;
  } else {
    return false;
  }
  task.receiving = false;
  return true;
}

// Whether it waited for something that can be let go.
bool Engine::let_go(TaskId id) {
  if (!leave_queue(id)) {
    if (!at_kill(id)) return false;
    tasks_[id.index()].killed = true;
  }
  ++metrics_.let_go;
  context_ = {tasks_[id.index()].cpu, Context::By::kSoftIrq};
  try_to_wake_up(id, kWfTtwu);
  return true;
}

}  // namespace simsched

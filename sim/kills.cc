// Signals that end a task: what it still had to do it does not, and if it has nothing more to do it goes on as it did
// until the signal comes.
#include "base/error.h"
#include "sim/engine.h"

namespace simsched {
namespace {

constexpr Work kForEver{int64_t{1'000'000} * 1'000'000'000};

}  // namespace

// The task reaches the point where it was killed. True: it has been, and goes on to its exit.
bool Engine::await_kill(CpuId cpu, TaskId id, const Op& op) {
  Task& task = tasks_[id.index()];
  if (task.killed) return true;
  --task.pc;
  if (op.flags & kOpRuns) {
    start_work(cpu, id, kForEver);
  } else {
    block(cpu, id, Cause::kBlockedToken, kStateInterruptible);
  }
  return false;
}

void Engine::kill(TaskId id) {
  Task& task = tasks_[id.index()];
  if (task.killed || task.state == TaskState::kNew || task.state == TaskState::kDead) return;
  task.killed = true;
  if (task.state == TaskState::kRunning || task.state == TaskState::kRunnable) {
    const bool runs = task.state == TaskState::kRunning;
    if (runs) settle(task.cpu);
    task.remaining = Work(0);
    if (!holding_.empty()) cut_op(id, Work(0));
    if (runs) arm_done(task.cpu);
  } else if (!leave_queue(id) && !at_kill(id)) {
    return;  // it sleeps, and hears of it when that is over
  }
  if (task.state == TaskState::kBlocked) try_to_wake_up(id, kWfTtwu);
}

// SIGKILL: it ends wherever it is.
void Engine::end(TaskId id) {
  Task& task = tasks_[id.index()];
  if (task.ended || task.state == TaskState::kDead) return;
  task.ended = true;
  give_up_children(id);
  if (task.state == TaskState::kNew) {  // start_task() and fork() leave it alone
    foreground_left_ -= !spec(id).background;
    last_exit_ = std::max(last_exit_, now_);
    return;
  }
  const std::span<const Op> program = workload_.program(id);
  const bool waits_for_lock =
      task.state == TaskState::kBlocked && task.pc > 0 && program[task.pc - 1].kind == OpKind::kLock;
  if (waits_for_lock) return;  // its holder knows it: it ends when it has the lock
  task.killed = false;
  kill(id);
  task.waits_for_child = false;
  if (task.state == TaskState::kBlocked) try_to_wake_up(id, kWfTtwu);
}

// Whom `id` would have forked, and they, will never be.
void Engine::give_up_children(TaskId id) {
  for (size_t i = 0; i < workload_.tasks.size(); ++i) {
    TaskId ancestor = spec(TaskId(i)).parent;
    while (ancestor.valid() && ancestor != id && tasks_[ancestor.index()].state == TaskState::kNew)
      ancestor = spec(ancestor).parent;
    if (tasks_[i].state != TaskState::kNew || tasks_[i].ended || ancestor != id) continue;
    tasks_[i].ended = true;
    foreground_left_ -= !spec(TaskId(i)).background;
  }
}

bool Engine::at_kill(TaskId id) const {
  std::span<const Op> program = workload_.program(id);
  uint32_t pc = tasks_[id.index()].pc;
  return pc < program.size() && program[pc].kind == OpKind::kKilled;
}

// A killed task goes on where it died. Its program has the place, as the kill has the task.
void Engine::go_to_kill(TaskId id) {
  Task& task = tasks_[id.index()];
  std::span<const Op> program = workload_.program(id);
  uint32_t pc = task.pc;
  while (pc < program.size() && program[pc].kind != OpKind::kKilled) ++pc;
  if (pc == program.size()) return;  // it has passed it
  task.pc = pc + 1;
  if (!moved_.empty()) moved_[id.index()] = 0;
}

}  // namespace simsched

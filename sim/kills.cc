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

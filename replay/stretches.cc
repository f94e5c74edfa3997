// A task on and off a CPU: how much it did there, and how it left.
#include <algorithm>

#include "replay/follower.h"

namespace simsched::replay {
namespace {

// A wake may be recorded just before the switch-out of the task that it wakes: the waker saw it off
// the run queue, but it had not reached its sched_switch yet.
constexpr Nanos kWakeRace = 50_us;
// From the wake of the parent to the last switch of an exiting task.
constexpr Nanos kExitWindow = 50_us;
// From a wake to the waker's own block in the same system call.
constexpr Nanos kKernelPath = 30_us;

}  // namespace

Work Follower::work_now(const RecordedTask& task) const {
  if (task.state != State::kRunning) return task.work;
  const Nanos paced = pace_.clock(task.cpu, now_) - task.paced;
  return task.work + work_of_stretch(machine_, task.cpu, now_ - task.since, paced, task.refill);
}

void Follower::see_running(const TraceEvent& event) {
  CpuState& cpu = cpus_[event.cpu.index()];
  bool first = !cpu.seen;
  cpu.seen = true;
  TaskIndex index = known(event.current);
  if (index != kNobody && cpu.running == index) return;
  if (cpu.running != kNobody) leave(task(cpu.running), kStateRunning);
  if (event.current.value() == 0) cpu.was_idle |= first && now_ > Nanos(0);
  if (!replayed(event.current)) return;
  enter(event.current, event, first);
}

void Follower::enter(Pid pid, const TraceEvent& event, bool since_start) {
  TaskIndex index = known(pid);
  if (ended(index)) {
    RecordedTask& task = create_old(pid, event, event.cpu);
    index = index_of(task);
    if (since_start) task.since = Nanos(0);
    if (cpus_[event.cpu.index()].was_idle) {
      // Had it been runnable all the time, the idle CPU would have taken it.
      since_start = false;
      mark(index, task.work, op::sleep_until(now_));
      ++report_.blocks_without_wake;
    }
  }
  RecordedTask& task = this->task(index);
  if (task.state == State::kRunning) leave(task, kStateRunning);
  bool blocked = task.state == State::kBlocked;
  if (blocked) wake_unseen(task);
  task.refill =
      refill_of_stretch(machine_, task.warmth, task.refill, task.cpu, event.cpu, cpus_[event.cpu.index()].busy);
  task.state = State::kRunning;
  task.cpu = event.cpu;
  if (!since_start || blocked) task.since = now_;
  task.paced = pace_.clock(event.cpu, now_) - (now_ - task.since);
  cpus_[event.cpu.index()].running = index;
}

void Follower::leave(RecordedTask& task, uint16_t state) {
  CpuState& cpu = cpus_[task.cpu.index()];
  cpu.running = kNobody;
  Nanos stretch = now_ - task.since;
  if (stretch < machine_.costs().context_switch) ++report_.negative_work;
  // At least 1 ns, so that a task which ran keeps an op for it.
  Work before = task.work;
  task.work = std::max(work_now(task), task.work + Work(stretch > Nanos(0) ? 1 : 0));
  task.refill -= std::min(task.refill, Work(stretch.count()) - (task.work - before));
  task.since = now_;
  cpu.busy += stretch;
  task.warmth.leave(machine_, stretch, cpu.busy);
  if (state & (kBlockedStates | kStateDead | kStateZombie)) mark_kernel_signal(task, before);
  if (state & (kStateDead | kStateZombie)) {
    task.state = State::kEnded;
    task.exited = true;
    killed(task);
    mark_exit_signal(task);
  } else if (state & kBlockedStates) {
    task.state = State::kBlocked;
    task.block_flags = state & kStateUninterruptible ? uint8_t{kOpIo}
                       : state & kStateIdle          ? uint8_t{kOpIdle}
                                                     : uint8_t{0};
    if (state & kStateIdle) task.kthread = !task.execs;  // no user task blocks in this state
    wait_for_lock(task, state);
    task.waits_in_op = block_in_call(task, state);
  } else {
    task.state = State::kRunnable;
  }
  if (task.state != State::kBlocked || now_ - task.early_wake_time > kWakeRace) task.early_wake = kNoMark;
}

void Follower::mark_kernel_signal(const RecordedTask& task, Work before) {
  if (task.last_mark == kNoMark) return;
  Mark& last = out_.marks[task.last_mark];
  bool near = last.at >= before && (task.work - last.at).count() <= kKernelPath.count();
  if (last.op.kind == OpKind::kSignal && near) last.op.flags |= kOpKernel;
}

void Follower::mark_exit_signal(const RecordedTask& task) {
  if (task.last_mark == kNoMark) return;
  Mark& last = out_.marks[task.last_mark];
  if (last.op.kind != OpKind::kSignal || (task.work - last.at).count() > kExitWindow.count()) return;
  if (task.parent != kNobody && this->task(task.parent).token != TokenId(last.op.arg)) return;
  last.op.flags |= kOpSync | kOpExits;
  ++report_.exit_edges;
}

}  // namespace simsched::replay

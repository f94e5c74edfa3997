// How a block ends: by a task (an edge), by a timer or a device (a delay), or nobody saw how.
#include "replay/follower.h"

namespace simsched::replay {

TaskIndex Follower::causing(const TraceEvent& event, TaskIndex wakee) {
  TaskIndex waker = from_task(event) ? known(event.current) : sender(event);
  if (waker == kNobody || wakee == kNobody) return waker;
  return task(waker).kthread && !task(wakee).kthread ? kNobody : waker;
}

void Follower::add_edge(TaskIndex waker, TaskIndex wakee) {
  TokenId token = token_of(task(wakee));
  mark(waker, work_now(task(waker)), op::signal(token, task(waker).call == kNoCall ? uint8_t{0} : uint8_t{kOpKernel}));
  mark(wakee, task(wakee).work, op::wait(token, task(wakee).block_flags));
  ++report_.edges;
}

void Follower::on_waking(const TraceEvent& event) {
  if (event.pid.value() == 0) return;
  if (names_.stopper(event.pid)) return on_stopper_woken(event);
  TaskIndex wakee = known(event.pid);
  if (ended(wakee)) {
    CpuId last_cpu = event.other_cpu.valid() ? event.other_cpu : event.cpu;
    wakee = index_of(create_old(event.pid, event, last_cpu));
    task(wakee).state = State::kBlocked;
    task(wakee).first_waker = from_task(event) ? known(event.current) : kNobody;
    wake(event, wakee, op::sleep_until(now_));
  } else if (task(wakee).state == State::kBlocked) {
    bool elsewhere = event.other_cpu.valid() && event.cpu != event.other_cpu;
    uint8_t flags =
        task(wakee).block_flags | (elsewhere ? kOpElsewhere : 0) | (event.context & kSoftIrq ? kOpSoftIrq : 0);
    wake(event, wakee, op::sleep(now_ - task(wakee).since, flags));
  } else {
    wake_unblocked(event, wakee);
  }
}

void Follower::wake(const TraceEvent& event, TaskIndex wakee, Op timed) {
  TaskIndex waker = causing(event, wakee);
  if (waker != kNobody) wake_in_call(task(waker));
  // A stopper that wakes a task has moved it: that was no block, the work goes on.
  bool moved = from_task(event) && names_.stopper(event.current);
  if (task(wakee).waits_in_op) {
    // Its own op ends it.
  } else if (waker != kNobody && take_lock(waker, task(wakee))) {
    // Who holds it in the replay is not told here.
  } else if (waker != kNobody) {
    add_edge(waker, wakee);
  } else if (!moved) {
    mark(wakee, task(wakee).work, timed);
    ++report_.timed_wakes;
  }
  task(wakee).state = State::kRunnable;
  task(wakee).since = task(wakee).woken_at = now_;
}

void Follower::wake_unblocked(const TraceEvent& event, TaskIndex wakee) {
  ++report_.wakes_of_running;
  TaskIndex waker = causing(event, wakee);
  if (task(wakee).state != State::kRunning || waker == kNobody || waker == wakee) return;
  wake_in_call(task(waker));
  TokenId token = token_of(task(wakee));
  task(wakee).early_wake = mark(waker, work_now(task(waker)), op::signal(token), Mark::State::kDropped);
  task(wakee).early_wake_time = now_;
}

void Follower::on_stopper_woken(const TraceEvent& event) {
  TaskIndex waker = from_task(event) ? known(event.current) : kNobody;
  if (waker == kNobody || event.other_cpu != event.cpu) return;
  task(waker).exec_balance = mark(waker, work_now(task(waker)), op::exec(), Mark::State::kDropped);
  task(waker).exec_balance_time = now_;
}

void Follower::wake_unseen(RecordedTask& task) {
  TaskIndex index = index_of(task);
  if (task.waits_in_op) {
    // Its own op ends it.
  } else if (task.early_wake != kNoMark && take_lock(out_.marks[task.early_wake].task, task, true)) {
    --report_.wakes_of_running;
  } else if (task.early_wake != kNoMark) {
    Mark& early = out_.marks[task.early_wake];
    early.state = Mark::State::kLive;
    uint32_t& last = this->task(early.task).last_mark;
    if (last == kNoMark || last < task.early_wake) last = task.early_wake;
    task.early_wake = kNoMark;
    mark(index, task.work, op::wait(task.token, task.block_flags));
    ++report_.edges;
    --report_.wakes_of_running;
  } else {
    mark(index, task.work, op::sleep(now_ - task.since, task.block_flags));
    ++report_.blocks_without_wake;
  }
}

}  // namespace simsched::replay

// How a block ends: by a task (an edge), by a timer or a device (a delay), or nobody saw how.
#include "replay/follower.h"

namespace simsched::replay {

TaskIndex Follower::causing(const TraceEvent& event, TaskIndex wakee) {
  TaskIndex waker = from_task(event) ? known(event.current) : sender(event);
  if (waker == kNobody || wakee == kNobody) return waker;
  return task(waker).kthread && !task(wakee).kthread ? kNobody : waker;
}

Op Follower::signal_for(TaskIndex waker, TaskIndex wakee) {
  const std::string& name = trace_.names[task(wakee).last_name];
  if (!is_bound_worker(name) || bound_to(name) != task(waker).cpu) return op::signal(token_of(task(wakee)));
  // Work is queued where its user runs (queue_work()), and the pool of that CPU has a worker do it.
  TokenId& pool = pools_[name.back() == 'H'];
  if (!pool.valid()) {
    pool = TokenId(out_.nr_tokens);
    out_.nr_tokens += cpus_.size();
  }
  Op signal = op::signal(pool);
  signal.slot = static_cast<uint16_t>(cpus_.size());
  return signal;
}

Op Follower::wait_for(const Op& signal, uint8_t flags) const {
  Op wait = op::wait(TokenId(signal.arg), flags);
  wait.slot = signal.slot;
  return wait;
}

void Follower::add_edge(TaskIndex waker, TaskIndex wakee) {
  Op signal = signal_for(waker, wakee);
  if (task(waker).call != kNoCall) signal.flags = kOpKernel;
  mark(waker, work_now(task(waker)), signal);
  mark(wakee, task(wakee).work, wait_for(signal, task(wakee).block_flags));
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
    wake(event, wakee, delay(event, task(wakee)));
  } else {
    wake_unblocked(event, wakee);
  }
}

Op Follower::delay(const TraceEvent& event, const RecordedTask& task) const {
  bool elsewhere = event.other_cpu.valid() && event.cpu != event.other_cpu, soft = event.context & kSoftIrq;
  uint8_t flags = task.block_flags | (elsewhere ? kOpElsewhere : 0) | (soft ? kOpSoftIrq : 0);
  // Of user tasks, hardly any waits for the timer wheel; I/O ends near a tick by chance.
  if (soft && task.kthread && ticks_.at(now_)) {
    const int64_t ticks = ticks_.count(now_) - ticks_.count(task.since);
    if (ticks > 0) return op::sleep(ticks_.period() * ticks, flags | kOpTick);
  }
  return op::sleep(now_ - task.since, flags);
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
    report_.tick_wakes += (timed.flags & kOpTick) != 0;
  }
  task(wakee).state = State::kRunnable;
  task(wakee).since = task(wakee).woken_at = now_;
}

void Follower::wake_unblocked(const TraceEvent& event, TaskIndex wakee) {
  ++report_.wakes_of_running;
  TaskIndex waker = causing(event, wakee);
  if (task(wakee).state != State::kRunning || waker == kNobody || waker == wakee) return;
  wake_in_call(task(waker));
  task(wakee).early_wake = mark(waker, work_now(task(waker)), signal_for(waker, wakee), Mark::State::kDropped);
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
    const Op signal = early.op;
    early.state = Mark::State::kLive;
    uint32_t& last = this->task(early.task).last_mark;
    if (last == kNoMark || last < task.early_wake) last = task.early_wake;
    task.early_wake = kNoMark;
    mark(index, task.work, wait_for(signal, task.block_flags));
    ++report_.edges;
    --report_.wakes_of_running;
  } else {
    mark(index, task.work, op::sleep(now_ - task.since, task.block_flags));
    ++report_.blocks_without_wake;
  }
}

}  // namespace simsched::replay

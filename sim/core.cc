// Scheduling proper: who runs where. Modelled on kernel/sched/core.c of Linux 6.18.
#include <algorithm>

#include "base/error.h"
#include "sim/kernel.h"

namespace simsched {

// __schedule(): picks the next task of `cpu` and switches to it.
void Kernel::schedule(CpuId cpu) {
  Rq& rq = rqs_[cpu.index()];
  settle(cpu);
  TaskId prev = curr(cpu), next;
  for (auto& cls : classes_) {
    next = cls->pick_task(cpu);
    if (next.valid()) break;
  }
  rq.need_resched = false;  // after the pick: what it pulled here has been considered
  agenda_.cancel(cpu, EventKind::kResched);
  if (next != prev) {
    if (prev.valid()) class_of(prev).put_prev_task(cpu, prev, next);
    switch_to(cpu, prev, next);
    // put_prev_task_idle() comes before set_next_task() of what runs then.
    if (prev.valid() != next.valid())
      for (SchedClass* watcher : watchers_.idle) watcher->cpu_idle(cpu, !next.valid(), true);
    if (next.valid()) {
      class_of(next).set_next_task(cpu, next);
      arm_done(cpu);
    }
    for (SchedClass* watcher : watchers_.switches) watcher->any_switch(cpu, prev, next);
  } else if (!next.valid()) {
    wasted_.cpu_is(now_, cpu, idle_use(cpu));
    for (SchedClass* watcher : watchers_.idle) watcher->cpu_idle(cpu, true, false);
  }
  for (SchedClass* watcher : watchers_.scheduled) watcher->scheduled(cpu);
  arm_tick(cpu);
}

void Kernel::switch_to(CpuId cpu, TaskId prev, TaskId next) {
  Rq& rq = rqs_[cpu.index()];
  ++metrics_.switches;
  ++rq.switches;
  uint16_t prev_state = kStateRunning;
  int waiting = 0;
  if (prev.valid()) {
    Task& task = tasks_[prev.index()];
    task.in_kernel = task.exiting;
    task.warmth.leave(machine_, now_ - rq.busy_since, rq.time.busy());
    if (memory_.on()) memory_.leave(machine_, cpu, now_);
    if (task.state == TaskState::kRunning) {
      task.state = TaskState::kRunnable;
      task.since = now_;
      if (task.throttled)
        task.throttled_for = Nanos(0) - now_;
      else
        waiting += wasted_.elsewhere(now_, task.affinity, 1);
      ++metrics_.involuntary;
    } else {
      prev_state = task.prev_state;
    }
  }
  if (recorder_) recorder_->task_switch(now_, cpu, prev, next, prev_state);
  if (!prev.valid()) {
    rq.idle.leave(now_, machine_.costs());
    leave_idle(cpu);
  }
  occupancy_[cpu.index()].curr = next;
  if (energy_.on()) energy_.set_task(machine_, cpu, next, now_);
  agenda_.cancel(cpu, EventKind::kDone);
  rq.held = false;
  rq.overhead_left = Nanos(0);
  if (next.valid()) {
    Task& task = tasks_[next.index()];
    SIMSCHED_CHECK(task.state == TaskState::kRunnable && task.cpu == cpu && !task.throttled,
                   describe(next) + " was picked on cpu " + std::to_string(cpu.value()) + " but is not runnable there");
    task.state = TaskState::kRunning;
    waiting += wasted_.elsewhere(now_, task.affinity, -1);
    Nanos waited = now_ - task.since;
    task.time[Cause::kWait] += waited - task.throttled_for;
    task.time[Cause::kThrottled] += task.throttled_for;
    task.longest_wait = std::max(task.longest_wait, waited - task.throttled_for);
    task.throttled_for = Nanos(0);
    metrics_.runnable_wait.add(waited);
    if (task.waking) {
      task.waking = false;
      metrics_.wake_latency.add(waited);
    }
    rq.overhead_left = machine_.costs().context_switch + rq.charge;
    rq.charge = Nanos(0);
    rq.busy_since = now_;
    task.refill += task.warmth.come(machine_, task.ran_on, cpu, rq.time.busy());
    task.ran_on = cpu;
    if (memory_.on()) task.refill += memory_.come(machine_, cpu, next, now_);
    if (isa_lacking(next, cpu) != 0) task.remaining = task.refill = Work(0);  // advance() ends it
  } else {
    rq.idle.enter(now_);
    enter_idle(cpu);
  }
  wasted_.change(now_, cpu, next.valid() ? WastedIdle::Use::kNone : idle_use(cpu), waiting);
  // A CPU that becomes busy or idle is felt by its siblings; so is another class of work.
  if (rq.has_siblings && (classes_matter_ || prev.valid() != next.valid()))
    speed_changed(machine_.smt_cpus(cpu));
  else if (classes_matter_ || memory_.on())
    refresh_speed(cpu);
  if (memory_.on()) memory_changed();
}

void Kernel::resched_curr(CpuId cpu) {
  Rq& rq = rqs_[cpu.index()];
  if (rq.need_resched) return;
  rq.need_resched = true;
  if (!curr(cpu).valid()) wasted_.cpu_is(now_, cpu, idle_use(cpu));
  if (defers_resched(cpu)) return;
  plan_resched(cpu, resched_delay(cpu));
}

void Kernel::plan_resched(CpuId cpu, Nanos delay) { agenda_.plan(cpu, EventKind::kResched, now_ + delay); }

// From need_resched to __schedule() on `cpu`, asked for from this_cpu().
Nanos Kernel::resched_delay(CpuId cpu) {
  const Costs& costs = machine_.costs();
  const Spread& spread = cpu != context_.cpu                    ? interrupt_cost(cpu)
                         : !curr(cpu).valid()                   ? costs.idle_wake_local
                         : context_.by == Context::By::kSoftIrq ? costs.resched_softirq
                         : context_.by == Context::By::kHardIrq ? costs.resched_hardirq
                                                                : costs.resched_task;
  Nanos delay = spread.sample(cost_rng_) + rqs_[context_.cpu.index()].charge;  // what it computed comes first
  if (sleeps_.empty()) return delay;
  // An interrupt is taken when the CPU is awake, and so is what that sends on.
  if (cpu != context_.cpu) delay += idle_exit_latency(cpu);
  return delay + idle_exit_latency(context_.cpu);
}

// How long another CPU's interrupt takes to reach `cpu`.
const Spread& Kernel::interrupt_cost(CpuId cpu) const {
  const Costs& costs = machine_.costs();
  if (curr(cpu).valid()) return costs.resched_ipi;
  // Where the idle state is known, its exit latency comes on top.
  if (!sleeps_.empty() && sleeps_[cpu.index()].sleeps) return costs.idle_poll_exit;
  return rqs_[cpu.index()].idle.exit_cost(now_, costs);
}

void Kernel::activate_task(CpuId cpu, TaskId task, uint32_t enqueue_flags) {
  class_of(task).enqueue_task(cpu, task, enqueue_flags);
  tasks_[task.index()].on_rq = true;
  ++occupancy_[cpu.index()].nr_running;
}

bool Kernel::deactivate_task(CpuId cpu, TaskId task, uint32_t dequeue_flags) {
  if (!class_of(task).dequeue_task(cpu, task, dequeue_flags)) return false;
  if (tasks_[task.index()].throttled) unthrottle(task);
  tasks_[task.index()].on_rq = false;
  --occupancy_[cpu.index()].nr_running;
  return true;
}

void Kernel::finish_delayed_dequeue(TaskId task) {
  Task& state = tasks_[task.index()];
  SIMSCHED_CHECK(state.on_rq && state.state != TaskState::kRunning, describe(task) + " was not delayed");
  if (state.throttled) unthrottle(task);
  state.on_rq = false;
  --occupancy_[state.cpu.index()].nr_running;
}

// A sleeper leaves the queue on which it has stayed so far.
void Kernel::end_delayed_sleep(TaskId task) {
  class_of(task).dequeue_task(task_cpu(task), task, kDequeueSleep | kDequeueDelayed);
}

void Kernel::throttle(TaskId id) {
  Task& task = tasks_[id.index()];
  SIMSCHED_CHECK(!task.throttled, describe(id) + " is throttled twice");
  task.throttled = true;
  ++nr_throttled_;
  --occupancy_[task.cpu.index()].nr_running;
  if (task.state != TaskState::kRunnable) return;  // it still runs, or sleeps and has not been dequeued yet
  task.throttled_for -= now_;
  wasted_.task_waits(now_, task.cpu, task.affinity, -1);
}

void Kernel::unthrottle(TaskId id) {
  Task& task = tasks_[id.index()];
  SIMSCHED_CHECK(task.throttled, describe(id) + " is not throttled");
  task.throttled = false;
  --nr_throttled_;
  ++occupancy_[task.cpu.index()].nr_running;
  if (task.state != TaskState::kRunnable) return;
  task.throttled_for += now_;
  wasted_.task_waits(now_, task.cpu, task.affinity, 1);
  arm_tick(task.cpu);
}

void Kernel::wakeup_preempt(CpuId cpu, TaskId task, uint32_t wake_flags) {
  if (!curr(cpu).valid()) {
    resched_curr(cpu);
  } else {
    uint8_t running = tasks_[curr(cpu).index()].sched_class, woken = tasks_[task.index()].sched_class;
    if (woken == running) {
      class_of(task).wakeup_preempt(cpu, task, wake_flags);
    } else if (woken < running) {
      resched_curr(cpu);
    }
    arm_tick(cpu);
  }
}

CpuId Kernel::select_task_rq(TaskId task, uint32_t wake_flags) {
  const Task& state = tasks_[task.index()];
  const CpuSet& cpus = allowed(task);
  if (state.affinity.value() != 0 && cpus.size() == 1) return cpus.first_cpu();
  CpuId cpu = class_of(task).select_task_rq(task, state.cpu, wake_flags);
  if (cpu == state.cpu && !cpus.contains(cpu)) cpu = fallback_cpu(task);  // it could stay, but for its affinity
  SIMSCHED_CHECK(cpus.contains(cpu), "a policy placed " + describe(task) + " on cpu " + std::to_string(cpu.value()));
  return cpu;
}

void Kernel::set_task_cpu(TaskId task, CpuId to, MigrationKind kind) {
  Task& state = tasks_[task.index()];
  class_of(task).migrate_task_rq(task, to);
  Distance distance = machine_.distance(state.cpu, to);
  ++metrics_.migrations_by_kind[static_cast<size_t>(kind)];
  ++metrics_.migrations_by_distance[static_cast<size_t>(distance)];
  if (recorder_) recorder_->migrate(now_, context_.cpu, curr(context_.cpu), task, state.cpu, to);
  // What the last migration left undone is no longer of use.
  const bool by_footprint = distance >= Distance::kNode && memory_.models_cache(task);
  state.refill = by_footprint ? Work(0) : refill_of_move(machine_, state.cpu, to);
  state.cpu = to;
}

void Kernel::begin_waiting(Task& task) {
  task.state = TaskState::kRunnable;
  if (task.throttled)
    task.throttled_for = Nanos(0) - now_;
  else
    wasted_.task_waits(now_, task.cpu, task.affinity, 1);
}

// All that counts as wasted idle time now, told anew to counts that are empty.
void Kernel::recount_wasted(WastedIdle& counts) const {
  counts.reset(machine_, affinities_);
  for (size_t c = 0; c < rqs_.size(); ++c) {
    CpuId cpu(c);
    if (!curr(cpu).valid()) counts.cpu_is(now_, cpu, idle_use(cpu));
  }
  for (const Task& task : tasks_)
    if (task.state == TaskState::kRunnable && !task.throttled) counts.task_waits(now_, task.cpu, task.affinity, 1);
}

void Kernel::masks_changed() {
  const WastedIdle before = wasted_;
  recount_wasted(wasted_);
  wasted_.go_on_from(before, now_);
}

void Kernel::try_to_wake_up(TaskId task, uint32_t wake_flags) {
  Task& state = tasks_[task.index()];
  SIMSCHED_CHECK(state.state == TaskState::kBlocked, describe(task) + " is woken but does not sleep");
  ++metrics_.wakeups;
  if (recorder_) recorder_->waking(now_, context_.cpu, curr(context_.cpu), task, state.cpu, trace_context());
  const bool iowait = state.blocked_by == Cause::kBlockedIo;
  const Nanos slept = now_ - state.since;
  state.time[state.blocked_by] += slept;
  state.since = now_;
  state.waking = true;
  if (state.on_rq) {  // ttwu_runnable(): its dequeue was delayed, it just goes on
    begin_waiting(state);
    class_of(task).enqueue_task(state.cpu, task, kEnqueueDelayed);
    wakeup_preempt(state.cpu, task, wake_flags);
    return;
  }
  CpuId cpu = wake_flags & kWfOnCpu ? state.cpu : select_task_rq(task, wake_flags);
  decided(task, state.cpu, cpu, MoveSite::kWake, cpu != state.cpu, slept);
  wake_flags &= ~kWfOnCpu;
  uint32_t enqueue_flags = kEnqueueWakeup;
  if (cpu != state.cpu) {
    wake_flags |= kWfMigrated;
    enqueue_flags |= kEnqueueMigrated;
    set_task_cpu(task, cpu, MigrationKind::kWakeup);
  }
  begin_waiting(state);
  activate_task(cpu, task, enqueue_flags);
  if (iowait && governs_frequency_) update_frequency(cpu, true);
  wakeup_preempt(cpu, task, wake_flags);
}

void Kernel::wake_up_new_task(TaskId task) {
  Task& state = tasks_[task.index()];
  CpuId cpu = select_task_rq(task, kWfFork);
  decided(task, state.cpu, cpu, MoveSite::kFork, cpu != state.cpu);
  state.cpu = cpu;  // __set_task_cpu(): a first placement is no migration
  begin_waiting(state);
  state.born = state.since = now_;
  state.waking = true;
  activate_task(cpu, task, kEnqueueInitial);
  if (recorder_) recorder_->wakeup_new(now_, context_.cpu, curr(context_.cpu), task, cpu);
  wakeup_preempt(cpu, task, kWfFork);
}

// select_fallback_rq(): the CPU that a task should be on is gone or not allowed.
CpuId Kernel::fallback_cpu(TaskId task) const {
  const CpuSet& cpus = allowed(task);
  CpuId now_on = tasks_[task.index()].cpu;
  for (CpuId cpu : machine_.node_cpus(machine_.cpu(now_on).node))
    if (cpus.contains(cpu)) return cpu;
  return cpus.first_cpu();
}

void Kernel::set_timer(const SchedClass& cls, Nanos at, uint32_t number) {
  ++class_timers_;
  agenda_.push(std::max(at, now_), EventKind::kClassTimer, number, class_index(cls));
}

void Kernel::move_queued_task(TaskId task, CpuId to, MigrationKind kind, bool may_preempt) {
  Task& state = tasks_[task.index()];
  SIMSCHED_CHECK(state.on_rq && state.state == TaskState::kRunnable && state.cpu != to && cpu_allowed(task, to),
                 describe(task) + " cannot be moved to cpu " + std::to_string(to.value()));
  deactivate_task(state.cpu, task, kDequeueMove);
  wasted_.task_waits(now_, state.cpu, state.affinity, -1);
  set_task_cpu(task, to, kind);
  wasted_.task_waits(now_, to, state.affinity, 1);
  activate_task(to, task, kEnqueueMove);
  if (may_preempt) return wakeup_preempt(to, task, 0);
  TaskId runs = curr(to);
  if (runs.valid() && tasks_[runs.index()].sched_class < state.sched_class) arm_tick(to);  // a class waits there
}

void Kernel::send_ipi(CpuId cpu, const SchedClass& sender) {
  Nanos delay = interrupt_cost(cpu).sample(cost_rng_) + idle_exit_latency(cpu);
  agenda_.push(now_ + delay, EventKind::kIpi, static_cast<uint32_t>(cpu.value()), class_index(sender));
}

void Kernel::queue_stopper(CpuId cpu, const SchedClass& sender, TaskId task, CpuId dest) {
  queue_stop_work(cpu, {class_index(sender), false, MigrationKind::kActive, task, dest});
}

void Kernel::queue_stop_work(CpuId cpu, const StopWork& work) {
  stop_work_[cpu.index()].push_back(work);
  TaskId stopper(workload_.tasks.size() + cpu.index());
  if (!task_blocked(stopper)) return;
  tasks_[stopper.index()].remaining = Work(machine_.costs().stopper.count());
  try_to_wake_up(stopper, kWfTtwu);
}

// sched_exec(): a new program image has no cache footprint, the cheapest moment to move.
// True when the stopper will move the task, which must not go on before.
bool Kernel::sched_exec(CpuId cpu, TaskId task) {
  CpuId dest = select_task_rq(task, kWfExec);
  if (dest == cpu) return false;
  queue_stop_work(cpu, {0, true, MigrationKind::kExec, task, dest});
  return true;
}

void Kernel::run_stopper(CpuId cpu) {
  std::vector<StopWork> works;
  works.swap(stop_work_[cpu.index()]);
  for (const StopWork& work : works) {
    if (!work.direct) {
      classes_[work.sched_class]->stopper(cpu, work.task, work.dest);
      continue;
    }
    const Task& task = tasks_[work.task.index()];  // migration_cpu_stop()
    if (!task.on_rq || task.cpu != cpu || !cpu_allowed(work.task, work.dest)) continue;
    if (task.state == TaskState::kRunnable)
      move_queued_task(work.task, work.dest, work.kind);
    else if (!cpu_allowed(work.task, cpu))
      end_delayed_sleep(work.task);
  }
  works.clear();
  if (stop_work_[cpu.index()].empty()) works.swap(stop_work_[cpu.index()]);  // keep the allocation
}

// The first tick after now that is `delay` or more after the last one up to now: timers of the wheel count ticks.
Nanos Kernel::tick_after(Nanos delay) const {
  const Nanos period = params_.tick(), until_next = (next_tick_ - now_) % period;
  const Nanos last = now_ + until_next - (until_next > Nanos(0) ? period : Nanos(0));
  return last + period * std::max<int64_t>(1, (delay + period - 1_ns) / period);
}

Nanos Kernel::next_grid_tick() {
  const Nanos period = params_.tick();
  if (next_tick_ <= now_) next_tick_ += ((now_ - next_tick_) / period + 1) * period;
  return next_tick_;
}

// sched_tick_remote(): somebody else looks at what runs there once a second, on behalf of its class only.
void Kernel::arm_remote_tick(CpuId cpu) {
  agenda_.plan(cpu, EventKind::kTick, Nanos((now_ / 1_s + 1) * Nanos(1_s).count()));
}

void Kernel::arm_tick(CpuId cpu) {
  if (!curr(cpu).valid()) return;
  if (tick_stopped(cpu)) return arm_remote_tick(cpu);
  Nanos period = params_.tick(), planned = agenda_.at(cpu, EventKind::kTick);
  if (planned != Nanos::max() && planned - period <= now_) return;  // none could come earlier
  Nanos wanted = governs_frequency_ || rqs_[cpu.index()].softirq_pending ? now_ : Nanos::max();
  for (auto& cls : classes_) wanted = std::min(wanted, cls->next_tick(cpu));
  if (wanted == Nanos::max()) return;
  // The first tick of the grid not before `wanted` and after now; mostly the next one.
  Nanos at = next_grid_tick();
  if (wanted > at) at += ((wanted - at + period - 1_ns) / period) * period;
  if (at < planned) agenda_.plan(cpu, EventKind::kTick, at);  // one that comes too early does no harm and asks again
}

}  // namespace simsched

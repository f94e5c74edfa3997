// Following the events: which task does what where, and how each block ends. docs/replay.md has the
// reasons.
#include <algorithm>
#include <string>

#include "base/error.h"
#include "replay/build_workload_parts.h"

namespace simsched::replay {
namespace {

constexpr int32_t kMaxPid = 4 << 20;  // PID_MAX_LIMIT of the kernel
// A wake may be recorded just before the switch-out of the task that it wakes: the waker saw it off
// the run queue, but it had not reached its sched_switch yet.
constexpr Nanos kWakeRace = 50_us;
// Between exec balancing and the exec event lie the reading of the file's head and the release of
// the old memory.
constexpr Nanos kExecWindow = 3_ms;
// From the wake of the parent to the last switch of an exiting task.
constexpr Nanos kExitWindow = 50_us;
// From a wake to the waker's own block in the same system call.
constexpr Nanos kKernelPath = 30_us;

constexpr uint16_t kBlockedStates =
    kStateInterruptible | kStateUninterruptible | kStateStopped | kStateTraced | kStateParked | kStateIdle;

class Follower {
 public:
  Follower(const SchedTrace& trace, const Machine& machine, BuildReport& report)
      : trace_(trace), machine_(machine), report_(report), names_(trace), cpus_(trace.nr_cpus) {
    int32_t last_pid = 0;
    for (const TraceEvent& event : trace.events)
      last_pid = std::max({last_pid, event.pid.value(), event.current.value()});
    if (last_pid > kMaxPid) throw Error("", "pid " + std::to_string(last_pid) + " is beyond what a kernel gives out");
    by_pid_.assign(static_cast<size_t>(last_pid) + 1, kNobody);
    name_before_.assign(by_pid_.size(), 0);
    out_.marks.reserve(trace.events.size() / 2);
  }

  Recorded run() {
    for (const TraceEvent& event : trace_.events) {
      now_ = event.time;
      follow(event);
    }
    for (RecordedTask& task : out_.tasks) {
      if (task.state == RecordedTask::State::kRunning) leave(task, kStateRunning);
      report_.tasks_alive_at_start += task.alive_at_start;
      report_.tasks_alive_at_end += !task.exited;
    }
    report_.tasks = out_.tasks.size();
    return std::move(out_);
  }

 private:
  using State = RecordedTask::State;

  struct CpuState {
    TaskIndex running = kNobody;
    Nanos busy{0};          // how long it has run tasks
    bool seen = false;      // an event came from there
    bool was_idle = false;  // since the recording began
  };

  void follow(const TraceEvent& event) {
    if (event.kind == TraceKind::kLost || event.kind == TraceKind::kStatRuntime) return;
    if (!event.cpu.valid() || event.cpu.index() >= cpus_.size()) return;
    if (event.current.valid()) see_running(event);
    if (!event.pid.valid()) return;
    // A task ends with the switch in state X or Z that follows kExit.
    if (event.kind == TraceKind::kSwitch) on_switch(event);
    if (event.kind == TraceKind::kWaking) on_waking(event);
    if (event.kind == TraceKind::kWakeupNew) on_wakeup_new(event);
    if (event.kind == TraceKind::kFork) on_fork(event);
    if (event.kind == TraceKind::kExec) on_exec(event);
    TaskIndex subject = known(event.pid);
    if (subject != kNobody) {
      rename(task(subject), event.name);
    } else if (event.kind == TraceKind::kComm) {
      name_before_[event.pid.index()] = event.name;
    }
  }

  TaskIndex known(Pid pid) const { return pid.valid() ? by_pid_[pid.index()] : kNobody; }
  RecordedTask& task(TaskIndex index) { return out_.tasks[static_cast<size_t>(index)]; }
  bool ended(TaskIndex index) { return index == kNobody || task(index).state == State::kEnded; }
  TaskIndex index_of(const RecordedTask& task) const { return static_cast<TaskIndex>(&task - out_.tasks.data()); }
  bool replayed(Pid pid) const { return pid.value() > 0 && !names_.stopper(pid); }

  TaskIndex create(Pid pid, const TraceEvent& event) {
    TaskIndex index = static_cast<TaskIndex>(out_.tasks.size());
    by_pid_[pid.index()] = index;
    RecordedTask& task = out_.tasks.emplace_back();
    task.pid = pid;
    task.since = now_;
    if (event.pid == pid) task.prio = event.prio;
    rename(task, event.kind == TraceKind::kFork || event.kind == TraceKind::kWakeupNew ? event.name
                                                                                       : name_before_[pid.index()]);
    if (event.pid == pid) rename(task, event.name);
    return index;
  }

  // A task that was there before the recording.
  RecordedTask& create_old(Pid pid, const TraceEvent& event, CpuId cpu) {
    RecordedTask& task = this->task(create(pid, event));
    task.alive_at_start = true;
    task.cpu = task.start_cpu = cpu;
    task.state = State::kRunnable;
    return task;
  }

  void rename(RecordedTask& task, uint32_t name) {
    if (name == 0 || name == task.last_name) return;
    if (task.last_name == 0) task.first_name = name;
    task.last_name = name;
    if (names_.tree(name) >= 0) task.tree = names_.tree(name);
    // Only kernel threads fork kernel threads.
    if (task.parent == kNobody && !task.execs) task.kthread |= names_.kthread(name);
  }

  uint32_t mark(TaskIndex index, Work at, Op op, Mark::State state = Mark::State::kLive) {
    out_.marks.push_back({at, op, index, state});
    uint32_t number = static_cast<uint32_t>(out_.marks.size() - 1);
    if (state != Mark::State::kDropped) task(index).last_mark = number;
    return number;
  }

  TokenId token_of(RecordedTask& task) {
    if (!task.token.valid()) task.token = TokenId(out_.nr_tokens++);
    return task.token;
  }

  // The work of a task up to now.
  Work work_now(const RecordedTask& task) const {
    if (task.state != State::kRunning) return task.work;
    return task.work + work_of_stretch(machine_, now_ - task.since, task.refill);
  }

  // --- A task on and off a CPU ---

  // Makes sure that who raised the event is known to run there: a switch may be missing.
  void see_running(const TraceEvent& event) {
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

  // `since_start`: it is the first that is seen on this CPU.
  void enter(Pid pid, const TraceEvent& event, bool since_start) {
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
    task.refill = refill_of_stretch(machine_, task.warmth, task.refill, task.cpu, event.cpu, cpus_[event.cpu.index()].busy);
    task.state = State::kRunning;
    task.cpu = event.cpu;
    if (!since_start || blocked) task.since = now_;
    cpus_[event.cpu.index()].running = index;
  }

  void leave(RecordedTask& task, uint16_t state) {
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
      mark_exit_signal(task);
    } else if (state & kBlockedStates) {
      task.state = State::kBlocked;
      task.block_flags = state & kStateUninterruptible ? uint8_t{kOpIo}
                         : state & kStateIdle          ? uint8_t{kOpIdle}
                                                       : uint8_t{0};
      if (state & kStateIdle) task.kthread = !task.execs;  // no user task blocks in this state
    } else {
      task.state = State::kRunnable;
    }
    if (task.state != State::kBlocked || now_ - task.early_wake_time > kWakeRace) task.early_wake = kNoMark;
  }

  // A wake shortly before the waker blocks, with no preemption between: one way through the kernel, in which
  // a kernel without preemption cannot take the CPU away. `before`: its work when it came to the CPU.
  void mark_kernel_signal(const RecordedTask& task, Work before) {
    if (task.last_mark == kNoMark) return;
    Mark& last = out_.marks[task.last_mark];
    bool near = last.at >= before && (task.work - last.at).count() <= kKernelPath.count();
    if (last.op.kind == OpKind::kSignal && near) last.op.flags |= kOpKernel;
  }

  // The kernel wakes a parent of an exiting child with the sync hint; it is the last that a child does.
  void mark_exit_signal(const RecordedTask& task) {
    if (task.last_mark == kNoMark) return;
    Mark& last = out_.marks[task.last_mark];
    if (last.op.kind != OpKind::kSignal || (task.work - last.at).count() > kExitWindow.count()) return;
    if (task.parent != kNobody && this->task(task.parent).token != TokenId(last.op.arg)) return;
    last.op.flags |= kOpSync;
    ++report_.sync_edges;
  }

  // --- How a block ends ---

  bool from_task(const TraceEvent& event) const { return event.context == 0 && event.current.value() > 0; }

  // The task that causes a wake. A kernel thread's wake of a user task is not its own doing: it completes
  // what a device, a timer or another task asked for, in an order of its own. As an edge it would tie the
  // user task to all that the thread did before.
  TaskIndex causing(const TraceEvent& event, TaskIndex wakee) {
    TaskIndex waker = from_task(event) ? known(event.current) : kNobody;
    if (waker == kNobody || wakee == kNobody) return waker;
    return task(waker).kthread && !task(wakee).kthread ? kNobody : waker;
  }

  void add_edge(TaskIndex waker, TaskIndex wakee) {
    TokenId token = token_of(task(wakee));
    mark(waker, work_now(task(waker)), op::signal(token));
    mark(wakee, task(wakee).work, op::wait(token, task(wakee).block_flags));
    ++report_.edges;
  }

  void on_waking(const TraceEvent& event) {
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
      uint8_t flags = task(wakee).block_flags | (elsewhere ? kOpElsewhere : 0) | (event.context & kSoftIrq ? kOpSoftIrq : 0);
      wake(event, wakee, op::sleep(now_ - task(wakee).since, flags));
    } else {
      wake_unblocked(event, wakee);
    }
  }

  // `timed` is how the block ends when no task ends it.
  void wake(const TraceEvent& event, TaskIndex wakee, Op timed) {
    TaskIndex waker = causing(event, wakee);
    // A stopper that wakes a task has moved it: that was no block, the work goes on.
    bool moved = from_task(event) && names_.stopper(event.current);
    if (waker != kNobody) {
      add_edge(waker, wakee);
    } else if (!moved) {
      mark(wakee, task(wakee).work, timed);
      ++report_.timed_wakes;
    }
    task(wakee).state = State::kRunnable;
    task(wakee).since = now_;
  }

  void wake_unblocked(const TraceEvent& event, TaskIndex wakee) {
    ++report_.wakes_of_running;
    TaskIndex waker = causing(event, wakee);
    if (task(wakee).state != State::kRunning || waker == kNobody || waker == wakee) return;
    TokenId token = token_of(task(wakee));
    task(wakee).early_wake = mark(waker, work_now(task(waker)), op::signal(token), Mark::State::kDropped);
    task(wakee).early_wake_time = now_;
  }

  // sched_exec() has the stopper of its own CPU move it, and waits for that.
  void on_stopper_woken(const TraceEvent& event) {
    TaskIndex waker = from_task(event) ? known(event.current) : kNobody;
    if (waker == kNobody || event.other_cpu != event.cpu) return;
    task(waker).exec_balance = mark(waker, work_now(task(waker)), op::exec(), Mark::State::kDropped);
    task(waker).exec_balance_time = now_;
  }

  // A blocked task runs, and no waking was recorded since it blocked.
  void wake_unseen(RecordedTask& task) {
    TaskIndex index = index_of(task);
    if (task.early_wake != kNoMark) {
      Mark& early = out_.marks[task.early_wake];
      early.state = Mark::State::kLive;
      uint32_t& last = this->task(early.task).last_mark;
      if (last == kNoMark || last < task.early_wake) last = task.early_wake;
      mark(index, task.work, op::wait(task.token, task.block_flags));
      ++report_.edges;
      --report_.wakes_of_running;
    } else {
      mark(index, task.work, op::sleep(now_ - task.since, task.block_flags));
      ++report_.blocks_without_wake;
    }
  }

  // --- Events ---

  void on_switch(const TraceEvent& event) {
    TaskIndex leaving = cpus_[event.cpu.index()].running;
    if (leaving != kNobody) leave(task(leaving), event.state);
    if (event.pid.value() == 0) cpus_[event.cpu.index()].was_idle = true;
    if (event.pid.value() > 0 && names_.stopper(event.pid)) ++report_.stopper_runs;
    if (replayed(event.pid)) enter(event.pid, event, false);
  }

  void on_fork(const TraceEvent& event) {
    if (!replayed(event.pid)) return;
    TaskIndex parent = known(event.current), old = known(event.pid);
    if (!ended(old)) {
      if (task(old).state == State::kNew && task(old).parent == parent) return;
      // Its end was not recorded, and the pid is given out again.
      if (task(old).state == State::kRunning) leave(task(old), kStateRunning);
      task(old).state = State::kEnded;
    }
    fork(event, parent);
  }

  void fork(const TraceEvent& event, TaskIndex parent) {
    TaskIndex child = create(event.pid, event);
    RecordedTask& task = this->task(child);
    if (parent == kNobody) {
      task.start = now_;
      task.start_cpu = event.cpu;
      return;
    }
    task.parent = parent;
    task.tree = this->task(parent).tree;
    task.kthread = this->task(parent).kthread;
    mark(parent, work_now(this->task(parent)), op::fork(TaskId(child)));
  }

  // The new task is placed and queued here, a little after sched_process_fork.
  void on_wakeup_new(const TraceEvent& event) {
    if (!replayed(event.pid)) return;
    TaskIndex parent = from_task(event) ? known(event.current) : kNobody;
    if (ended(known(event.pid))) fork(event, parent);
    RecordedTask& child = task(known(event.pid));
    if (child.state != State::kNew) return;
    child.state = State::kRunnable;
    child.since = now_;
    child.cpu = event.other_cpu.valid() ? event.other_cpu : event.cpu;
    if (parent == kNobody || child.parent != parent || task(parent).last_mark == kNoMark) return;
    Mark& last = out_.marks[task(parent).last_mark];
    if (last.op == op::fork(TaskId(known(event.pid)))) last.at = work_now(task(parent));
  }

  void on_exec(const TraceEvent& event) {
    TaskIndex index = known(event.pid);
    if (ended(index)) return;
    RecordedTask& task = this->task(index);
    task.warmth.forget();
    task.execs = true;
    task.kthread = false;
    ++report_.execs;
    Work at = work_now(task);
    if (task.exec_balance != kNoMark && now_ - task.exec_balance_time <= kExecWindow) {
      Mark& balance = out_.marks[task.exec_balance];
      balance.state = Mark::State::kLive;
      ++report_.execs_balanced;
      out_.exec_distances.push_back(at - balance.at);
    } else {
      mark(index, at, op::exec(), Mark::State::kExecSeenLate);
    }
    task.exec_balance = kNoMark;
  }

  const SchedTrace& trace_;
  const Machine& machine_;
  BuildReport& report_;
  NameFacts names_;
  std::vector<CpuState> cpus_;
  std::vector<TaskIndex> by_pid_;
  std::vector<uint32_t> name_before_;  // by pid: of tasks that have not been seen but in their name
  Nanos now_{0};
  Recorded out_;
};

}  // namespace

Recorded follow_events(const SchedTrace& trace, const Machine& machine, BuildReport& report) {
  return Follower(trace, machine, report).run();
}

}  // namespace simsched::replay

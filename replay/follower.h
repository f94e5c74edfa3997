// Following the events: which task does what where, and how each block ends. docs/replay.md has the reasons. Private to
// replay/.
#pragma once

#include <vector>

#include "replay/locks.h"
#include "replay/messages.h"
#include "replay/pace.h"
#include "replay/parts.h"
#include "replay/ticks.h"

namespace simsched::replay {

class Follower {
 public:
  Follower(const SchedTrace& trace, const Machine& machine, BuildReport& report);
  Recorded run();

 private:
  using State = RecordedTask::State;

  struct CpuState {
    TaskIndex running = kNobody;
    Nanos busy{0};          // how long it has run tasks
    bool seen = false;      // an event came from there
    bool was_idle = false;  // since the recording began
  };

  TaskIndex known(Pid pid) const { return pid.valid() ? by_pid_[pid.index()] : kNobody; }
  RecordedTask& task(TaskIndex index) { return out_.tasks[static_cast<size_t>(index)]; }
  bool ended(TaskIndex index) { return index == kNobody || task(index).state == State::kEnded; }
  TaskIndex index_of(const RecordedTask& task) const { return static_cast<TaskIndex>(&task - out_.tasks.data()); }
  bool replayed(Pid pid) const { return pid.value() > 0 && !names_.stopper(pid); }
  bool from_task(const TraceEvent& event) const { return event.context == 0 && event.current.value() > 0; }

  void set_now(Nanos now);
  void follow(const TraceEvent& event);
  TaskIndex create(Pid pid, const TraceEvent& event);
  // A task that was there before the recording.
  RecordedTask& create_old(Pid pid, const TraceEvent& event, CpuId cpu);
  void rename(RecordedTask& task, uint32_t name);
  uint32_t mark(TaskIndex index, Work at, Op op, Mark::State state = Mark::State::kLive);
  TokenId token_of(RecordedTask& task);
  // An event tells the priority of a task: its own from the start, or a change.
  void see_prio(TaskIndex index, int16_t prio);

  // follow.cc: forks, execs
  void on_switch(const TraceEvent& event);
  void on_fork(const TraceEvent& event);
  void fork(const TraceEvent& event, TaskIndex parent);
  // The new task is placed and queued here, a little after sched_process_fork.
  void on_wakeup_new(const TraceEvent& event);
  void on_exec(const TraceEvent& event);

  // stretches.cc: a task on and off a CPU
  // The work of a task up to now.
  Work work_now(const RecordedTask& task) const;
  // Makes sure that who raised the event is known to run there: a switch may be missing.
  void see_running(const TraceEvent& event);
  // `since_start`: it is the first that is seen on this CPU.
  void enter(Pid pid, const TraceEvent& event, bool since_start);
  void leave(RecordedTask& task, uint16_t state);
  // A wake shortly before the waker blocks, with no preemption between: one way through the kernel, in which
  // a kernel without preemption cannot take the CPU away. `before`: its work when it came to the CPU.
  void mark_kernel_signal(const RecordedTask& task, Work before);
  // The parent of an exiting child is told of it; it is the last that a child does.
  void mark_exit_signal(const RecordedTask& task);

  // talk.cc: calls that send or receive
  void call_edge(const CallEdge& edge);
  void end_call(RecordedTask& task);
  void place(RecordedTask& task, uint32_t call, Work at);
  void signalled(RecordedTask& sender, Pid pid);
  void killed(RecordedTask& task);
  void wait_for_lock(RecordedTask& task, uint16_t state);
  bool take_lock(TaskIndex waker, RecordedTask& wakee, bool early = false);
  void list_lock_users();
  void take_off_unsent();
  bool block_in_call(RecordedTask& task, uint16_t state);
  TaskIndex sender(const TraceEvent& event);
  void wake_in_call(RecordedTask& waker);

  // wakes.cc: how a block ends
  // The task that causes a wake. A kernel thread's wake of a user task is not its own doing: it completes
  // what a device, a timer or another task asked for, in an order of its own. As an edge it would tie the
  // user task to all that the thread did before.
  TaskIndex causing(const TraceEvent& event, TaskIndex wakee);
  void add_edge(TaskIndex waker, TaskIndex wakee);
  // Who wakes it signals this; its wait takes the same.
  Op signal_for(TaskIndex waker, TaskIndex wakee);
  Op wait_for(const Op& signal, uint8_t flags) const;
  void on_waking(const TraceEvent& event);
  // The delay that an interrupt ends.
  Op delay(const TraceEvent& event, const RecordedTask& task) const;
  // `timed` is how the block ends when no task ends it.
  void wake(const TraceEvent& event, TaskIndex wakee, Op timed);
  void wake_unblocked(const TraceEvent& event, TaskIndex wakee);
  // sched_exec() has the stopper of its own CPU move it, and waits for that.
  void on_stopper_woken(const TraceEvent& event);
  // A blocked task runs, and no waking was recorded since it blocked.
  void wake_unseen(RecordedTask& task);

  const SchedTrace& trace_;
  const Machine& machine_;
  BuildReport& report_;
  NameFacts names_;
  Ticks ticks_;
  Pace pace_;
  std::vector<CpuState> cpus_;
  std::vector<TaskIndex> by_pid_;
  TokenId pools_[2];  // of the workers of each CPU, of normal and high priority: as many tokens as there are CPUs
  std::vector<uint32_t> name_before_;  // by pid: of tasks that have not been seen but in their name
  Messages messages_;
  Locks locks_;
  std::vector<bool> placed_;  // by call: its messages have their marks
  Nanos now_{0};
  Recorded out_;
};

}  // namespace simsched::replay

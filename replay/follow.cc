// Events one by one, and what they say of forks and execs.
#include <algorithm>
#include <string>
#include <utility>

#include "base/error.h"
#include "replay/follower.h"

namespace simsched::replay {
namespace {

constexpr int32_t kMaxPid = 4 << 20;  // PID_MAX_LIMIT of the kernel
// Between exec balancing and the exec event lie the reading of the file's head and the release of
// the old memory.
constexpr Nanos kExecWindow = 3_ms;

}  // namespace

Follower::Follower(const SchedTrace& trace, const Machine& machine, BuildReport& report)
    : trace_(trace),
      machine_(machine),
      report_(report),
      names_(trace),
      ticks_(trace, trace.circumstances.hz),
      pace_(trace, machine),
      cpus_(trace.nr_cpus),
      messages_(match_calls(trace)),
      locks_(find_locks(trace)) {
  int32_t last_pid = 0;
  for (const TraceEvent& event : trace.events)
    last_pid = std::max({last_pid, event.pid.value(), event.current.value()});
  for (const TraceCall& call : trace.calls) last_pid = std::max(last_pid, call.pid.value());
  if (last_pid > kMaxPid) throw Error("", "pid " + std::to_string(last_pid) + " is beyond what a kernel gives out");
  by_pid_.assign(static_cast<size_t>(last_pid) + 1, kNobody);
  name_before_.assign(by_pid_.size(), 0);
  placed_.assign(trace.calls.size(), false);
  out_.marks.reserve(trace.events.size() / 2);
}

Recorded Follower::run() {
  size_t edge = 0;
  for (const TraceEvent& event : trace_.events) {
    for (; edge < messages_.edges.size() && messages_.edges[edge].time <= event.time; ++edge)
      call_edge(messages_.edges[edge]);
    set_now(event.time);
    follow(event);
  }
  for (RecordedTask& task : out_.tasks) {
    if (task.state == RecordedTask::State::kRunning) leave(task, kStateRunning);
    report_.tasks_alive_at_start += task.alive_at_start;
    report_.tasks_alive_at_end += !task.exited;
  }
  report_.tasks = out_.tasks.size();
  report_.calls = trace_.calls.size();
  report_.unmatched_receives = messages_.unmatched_receives;
  take_off_unsent();
  list_lock_users();
  out_.channels = std::move(messages_.channels);
  out_.connections = std::move(messages_.connections);
  return std::move(out_);
}

void Follower::set_now(Nanos now) {
  now_ = now;
  pace_.advance(now);
}

void Follower::follow(const TraceEvent& event) {
  if (event.kind == TraceKind::kLost || event.kind == TraceKind::kStatRuntime) return;
  if (!event.cpu.valid() || event.cpu.index() >= cpus_.size()) return;
  if (event.current.valid()) {
    pace_.set_busy(event.cpu, event.current.value() > 0, now_);
    see_running(event);
  }
  if (!event.pid.valid()) return;
  // A task ends with the switch in state X or Z that follows kExit.
  if (event.kind == TraceKind::kSwitch) {
    pace_.set_busy(event.cpu, event.pid.value() > 0, now_);
    on_switch(event);
  }
  if (event.kind == TraceKind::kWaking) on_waking(event);
  if (event.kind == TraceKind::kWakeupNew) on_wakeup_new(event);
  if (event.kind == TraceKind::kFork) on_fork(event);
  if (event.kind == TraceKind::kExec) on_exec(event);
  TaskIndex subject = known(event.pid);
  if (subject != kNobody) {
    rename(task(subject), event.name);
    if (tells_prio(event.kind)) see_prio(subject, event.prio);
  } else if (event.kind == TraceKind::kComm) {
    name_before_[event.pid.index()] = event.name;
  }
}

TaskIndex Follower::create(Pid pid, const TraceEvent& event) {
  TaskIndex index = static_cast<TaskIndex>(out_.tasks.size());
  by_pid_[pid.index()] = index;
  RecordedTask& task = out_.tasks.emplace_back();
  task.pid = pid;
  task.since = now_;
  rename(task, event.kind == TraceKind::kFork || event.kind == TraceKind::kWakeupNew ? event.name
                                                                                     : name_before_[pid.index()]);
  if (event.pid == pid) rename(task, event.name);
  return index;
}

RecordedTask& Follower::create_old(Pid pid, const TraceEvent& event, CpuId cpu) {
  RecordedTask& task = this->task(create(pid, event));
  task.alive_at_start = true;
  task.cpu = task.start_cpu = cpu;
  task.state = State::kRunnable;
  return task;
}

void Follower::rename(RecordedTask& task, uint32_t name) {
  if (name == 0 || name == task.last_name) return;
  if (task.last_name == 0) task.first_name = name;
  task.last_name = name;
  if (names_.tree(name) >= 0) task.tree = names_.tree(name);
  // Only kernel threads fork kernel threads.
  if (task.parent == kNobody && !task.execs) task.kthread |= names_.kthread(name);
}

uint32_t Follower::mark(TaskIndex index, Work at, Op op, Mark::State state) {
  // Where in its work is partly estimated, in what order it did things is not.
  at = task(index).last_at = std::max(at, task(index).last_at);
  out_.marks.push_back({at, op, index, state});
  uint32_t number = static_cast<uint32_t>(out_.marks.size() - 1);
  if (state != Mark::State::kDropped && out_.marks.back().has_op()) task(index).last_mark = number;
  return number;
}

void Follower::see_prio(TaskIndex index, int16_t prio) {
  RecordedTask& task = this->task(index);
  if (prio == kNoPrio || prio == task.prio_now) return;
  int16_t before = std::exchange(task.prio_now, prio);
  if (before == kNoPrio) {
    task.prio = prio;
  } else if (before >= kMaxRtPrio && prio >= kMaxRtPrio && prio < kMaxPrio) {
    mark(index, work_now(task), op::set_nice(prio - kDefaultPrio));
  } else {
    ++report_.priority_changes;
  }
}

TokenId Follower::token_of(RecordedTask& task) {
  if (!task.token.valid()) task.token = TokenId(out_.nr_tokens++);
  return task.token;
}

void Follower::on_switch(const TraceEvent& event) {
  TaskIndex leaving = cpus_[event.cpu.index()].running;
  if (leaving != kNobody) {
    see_prio(leaving, event.current_prio);
    leave(task(leaving), event.state);
  }
  if (event.pid.value() == 0) cpus_[event.cpu.index()].was_idle = true;
  if (event.pid.value() > 0 && names_.stopper(event.pid)) ++report_.stopper_runs;
  if (replayed(event.pid)) enter(event.pid, event, false);
}

void Follower::on_fork(const TraceEvent& event) {
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

void Follower::fork(const TraceEvent& event, TaskIndex parent) {
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

void Follower::on_wakeup_new(const TraceEvent& event) {
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

void Follower::on_exec(const TraceEvent& event) {
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

Recorded follow_events(const SchedTrace& trace, const Machine& machine, BuildReport& report) {
  return Follower(trace, machine, report).run();
}

}  // namespace simsched::replay

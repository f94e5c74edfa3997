// What a task does in a call that sends or receives: its messages, and the blocks that they explain.
#include <algorithm>

#include "replay/follower.h"

namespace simsched::replay {
namespace {

constexpr Work kDying{3'000'000};    // of a large process: its memory is given back
constexpr Nanos kKillWindow = 1_ms;  // from the wake of a sleeper to the end of the call that woke it

}  // namespace

void Follower::call_edge(const CallEdge& edge) {
  const TraceCall& call = trace_.calls[edge.call];
  TaskIndex index = known(call.pid);
  if (ended(index)) return;
  RecordedTask& task = this->task(index);
  set_now(edge.time);
  if (edge.end) {
    if (task.call == edge.call) end_call(task);
    return;
  }
  task.call = edge.call;
  task.call_work = work_now(task);
  task.talked = false;
  if (call.kind == CallKind::kPoll) mark(index, task.call_work, {}, Mark::State::kPoll);
  bool answers = call.kind == CallKind::kSend || call.kind == CallKind::kClose;
  if (answers && messages_.facts[edge.call].count > 0 && call.type == CallObject::kTcp) {
    mark(index, task.call_work, {.kind = OpKind::kUser, .value = static_cast<int64_t>(call.object / 2)},
         Mark::State::kAnswer);
  }
}

void Follower::end_call(RecordedTask& task) {
  const TraceCall& call = trace_.calls[task.call];
  // Where a send that woke nobody would have woken a reader.
  Work now = work_now(task), tail{messages_.tail[static_cast<size_t>(call.type)].count()};
  bool receives = call.kind == CallKind::kReceive || call.kind == CallKind::kAccept;
  place(task, task.call, receives ? task.call_work : std::max(task.call_work, now - tail));
  if (call.kind == CallKind::kKill) signalled(task, Pid(call.request));
  // The way back to user space, where a kernel without preemption gives the CPU to whom the task woke.
  if (task.talked) mark(index_of(task), work_now(task), op::user());
  task.call = kNoCall;
}

// The messages of a call go there, unless they have been placed before: a receive where the task blocked for it, else
// where it began; a send at the first wake it raised.
void Follower::place(RecordedTask& task, uint32_t number, Work at) {
  const CallFacts& facts = messages_.facts[number];
  if (facts.count == 0 || placed_[number]) return;
  placed_[number] = true;
  const TraceCall& call = trace_.calls[number];
  TaskIndex index = index_of(task);
  if (call.kind == CallKind::kReceive || call.kind == CallKind::kAccept) {
    for (const Message& message : messages_.of(number))
      mark(index, at, op::receive(message.channel, message.bytes),
           facts.polled ? Mark::State::kPolled : Mark::State::kLive);
    return;
  }
  task.talked = true;
  uint8_t flags = kOpKernel | (call.type == CallObject::kEventfd ? uint8_t{0} : uint8_t{kOpSync});
  for (const Message& message : messages_.of(number)) mark(index, at, op::send(message.channel, message.bytes, flags));
}

// A signal may end a task. Whether it did is seen when that exits.
void Follower::signalled(RecordedTask& sender, Pid pid) {
  if (!pid.valid() || pid.index() >= by_pid_.size() || ended(known(pid))) return;
  RecordedTask& task = this->task(known(pid));
  if (&task == &sender || task.kill_mark != kNoMark || task.state == State::kNew) return;
  bool ran = task.state == State::kRunning || task.woken_at == Nanos(0) || now_ - task.woken_at > kKillWindow;
  task.killer_mark = mark(index_of(sender), work_now(sender), op::kill(TaskId(known(pid))), Mark::State::kDropped);
  task.kill_mark =
      mark(index_of(task), work_now(task), op::killed(ran ? uint8_t{kOpRuns} : uint8_t{0}), Mark::State::kDropped);
}

// It exits: because of the signal, when it did nothing but that since.
void Follower::killed(RecordedTask& task) {
  if (task.kill_mark == kNoMark || task.work - out_.marks[task.kill_mark].at > kDying) return;
  out_.marks[task.kill_mark].state = out_.marks[task.killer_mark].state = Mark::State::kLive;
  ++report_.kills;
}

// Whether the messages of the call that the task blocks in are what it waits for.
bool Follower::block_in_call(RecordedTask& task, uint16_t state) {
  // Locks inside the kernel are waited for in state D.
  if (task.call == kNoCall || !(state & kStateInterruptible)) return false;
  const TraceCall& call = trace_.calls[task.call];
  if (call.kind == CallKind::kPoll) return messages_.facts[task.call].serves != kNoCall;
  if (messages_.facts[task.call].count == 0) return false;
  place(task, task.call, task.work);
  if (call.kind == CallKind::kSend) return messages_.channels[messages_.of(task.call)[0].channel.index()].capacity > 0;
  return call.kind == CallKind::kReceive || call.kind == CallKind::kAccept;
}

// A task blocks in a call that waits for a futex, or for a pipe's mutex. What it waits for comes later; how far the
// others are is seen now.
void Follower::wait_for_lock(RecordedTask& task, uint16_t state) {
  task.lock = -1;
  if (task.call == kNoCall) return;
  const bool futex = trace_.calls[task.call].kind == CallKind::kFutexWait;
  if (!futex && (trace_.calls[task.call].type != CallObject::kPipe || !(state & kStateUninterruptible))) return;
  // It had found the lock taken, the queue empty: it blocks, however soon that changes.
  if (futex) task.block_flags |= kOpForce;
  auto found = locks_.of_object.find(trace_.calls[task.call].object);
  if (found == locks_.of_object.end()) return;
  task.lock = found->second;
  task.lock_work.clear();
  for (Pid user : locks_.users[static_cast<size_t>(task.lock)]) {
    TaskIndex index = known(user);
    task.lock_work.push_back(index == kNobody ? Work(0) : work_now(this->task(index)));
  }
}

// Whether the wake is a holder that lets go of what the task waits for. `early`: before that had left its CPU.
bool Follower::take_lock(TaskIndex waker, RecordedTask& wakee, bool early) {
  if (wakee.lock < 0) return false;
  const std::vector<Pid>& users = locks_.users[static_cast<size_t>(wakee.lock)];
  auto found = std::find(users.begin(), users.end(), task(waker).pid);
  if (found == users.end()) return false;
  size_t user = static_cast<size_t>(found - users.begin());
  Work held = early ? Work(0) : std::max(Work(0), work_now(task(waker)) - wakee.lock_work[user]);
  mark(index_of(wakee), wakee.work, op::lock(wakee.lock, static_cast<uint16_t>(user), held));
  ++report_.lock_waits;
  return true;
}

void Follower::list_lock_users() {
  for (const std::vector<Pid>& users : locks_.users) {
    std::vector<TaskIndex>& list = out_.locks.emplace_back();
    for (Pid user : users) list.push_back(known(user));
  }
}

// A send that the recording ends in has no mark, nor has one of a task that no event shows. What it brought is there
// from the start, as all is that nobody was seen to send.
void Follower::take_off_unsent() {
  std::vector<int64_t> unsent(messages_.channels.size());
  for (const Mark& mark : out_.marks) {
    if (mark.state == Mark::State::kDropped) continue;
    if (mark.op.kind == OpKind::kReceive) unsent[static_cast<size_t>(mark.op.arg)] += mark.op.value;
    if (mark.op.kind == OpKind::kSend) unsent[static_cast<size_t>(mark.op.arg)] -= mark.op.value;
  }
  for (Mark& mark : out_.marks) {
    if (mark.state == Mark::State::kDropped || mark.op.kind != OpKind::kReceive) continue;
    int64_t& rest = unsent[static_cast<size_t>(mark.op.arg)];
    const int64_t part = std::clamp<int64_t>(rest, 0, mark.op.value);
    rest -= part;
    mark.op.value -= part;
    if (mark.op.value > 0) continue;
    mark.state = Mark::State::kDropped;
    ++report_.unmatched_receives;
  }
}

// The task that raised an event in a soft interrupt by its own call: loopback delivers a message within the send.
TaskIndex Follower::sender(const TraceEvent& event) {
  if (event.context != kSoftIrq || event.current.value() <= 0) return kNobody;
  TaskIndex index = known(event.current);
  if (ended(index) || task(index).call == kNoCall) return kNobody;
  CallKind kind = trace_.calls[task(index).call].kind;
  bool delivers = kind == CallKind::kSend || kind == CallKind::kConnect || kind == CallKind::kClose;
  return delivers ? index : kNobody;
}

// A task wakes another within a call: what it sends has arrived.
void Follower::wake_in_call(RecordedTask& waker) {
  if (waker.call == kNoCall) return;
  waker.talked = true;
  CallKind kind = trace_.calls[waker.call].kind;
  if (kind == CallKind::kSend || kind == CallKind::kConnect || kind == CallKind::kClose)
    place(waker, waker.call, work_now(waker));
}

}  // namespace simsched::replay

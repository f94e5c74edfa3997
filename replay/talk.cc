// What a task does in a call that sends or receives: its messages, and the blocks that they explain.
#include "replay/follower.h"

namespace simsched::replay {

void Follower::call_edge(const CallEdge& edge) {
  const TraceCall& call = trace_.calls[edge.call];
  TaskIndex index = known(call.pid);
  if (ended(index)) return;
  RecordedTask& task = this->task(index);
  if (!edge.end) {
    task.call = edge.call;
    task.talked = false;
    return;
  }
  if (task.call != edge.call) return;
  now_ = edge.time;
  place(task, edge.call);
  // The way back to user space, where a kernel without preemption gives the CPU to whom the task woke.
  if (task.talked) mark(index, work_now(task), op::user());
  task.call = kNoCall;
}

// The messages of a call go here, unless they have been placed before: a receive where the task blocked for it, a send
// at the first wake it raised; both at the end of the call when there was none.
void Follower::place(RecordedTask& task, uint32_t number) {
  if (messages_.facts[number].count == 0 || placed_[number]) return;
  placed_[number] = true;
  task.talked = true;
  const TraceCall& call = trace_.calls[number];
  bool receives = call.kind == CallKind::kReceive || call.kind == CallKind::kAccept;
  uint8_t flags = kOpKernel | (call.type == CallObject::kEventfd ? uint8_t{0} : uint8_t{kOpSync});
  for (const Message& message : messages_.of(number)) {
    if (receives) {
      mark(index_of(task), work_now(task), op::receive(message.channel, message.bytes),
           messages_.facts[number].polled ? Mark::State::kPolled : Mark::State::kLive);
    } else {
      mark(index_of(task), work_now(task), op::send(message.channel, message.bytes, flags));
    }
  }
}

// Whether the messages of the call that the task blocks in are what it waits for.
bool Follower::block_in_call(RecordedTask& task, uint16_t state) {
  // Locks inside the kernel are waited for in state D.
  if (task.call == kNoCall || !(state & kStateInterruptible)) return false;
  uint32_t call = trace_.calls[task.call].kind == CallKind::kPoll ? messages_.facts[task.call].serves : task.call;
  if (call == kNoCall || trace_.calls[call].kind == CallKind::kConnect || trace_.calls[call].kind == CallKind::kClose ||
      messages_.facts[call].count == 0) return false;
  place(task, call);
  task.talked = true;
  bool sends = trace_.calls[call].kind == CallKind::kSend;
  return !sends || messages_.channels[messages_.of(call)[0].channel.index()].capacity > 0;
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
  if (kind == CallKind::kSend || kind == CallKind::kConnect || kind == CallKind::kClose) place(waker, waker.call);
}

}  // namespace simsched::replay

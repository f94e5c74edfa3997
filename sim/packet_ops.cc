// Tasks that handle packets: those that take them from the queue of a class, ksoftirqd, and threads that poll a ring
// (threaded NAPI). Polling holds off soft interrupts, and with them the switch to another task, until it pauses.
#include "base/error.h"
#include "sim/engine.h"

namespace simsched {

bool Engine::packet_in(CpuId cpu, TaskId id, const Op& op) {
  const PacketQueueId queue(op.arg);
  if (packets_.queue_empty(queue)) {
    join(packet_waiters_[queue.index()], id);
    wait_again(cpu, id);
    return false;
  }
  start_work(cpu, id, PacketPlane::class_cost(workload_.packets, packets_.take(queue, id)));
  return false;
}

bool Engine::poll(CpuId cpu, TaskId id, const Op& op) {
  const PollThread& thread = workload_.packets.threads[static_cast<size_t>(op.arg)];
  --tasks_[id.index()].pc;  // it polls until it blocks, and then again
  return thread.ring.valid() ? poll_own_ring(cpu, id, PollThreadId(op.arg)) : poll_softirq(cpu, id, thread.cpu);
}

// run_ksoftirqd()
bool Engine::poll_softirq(CpuId cpu, TaskId id, CpuId of) {
  SoftIrq& softirq = softirqs_[of.index()];
  Task& task = tasks_[id.index()];
  context_ = {cpu, Context::By::kSoftIrq};
  if (task.bh_off) {
    finish_packet(softirq.poll);
  } else {
    if (softirq.count == 0 || ksoftirqd_[of.index()] != id) {
      block(cpu, id, Cause::kBlockedIdle, kStateInterruptible);
      return false;
    }
    task.bh_off = softirq.in_thread = true;
    begin_softirq(of, softirq);
  }
  if (const Work cost = next_packet(cpu, softirq); cost > Work(0)) {
    start_work(cpu, id, cost);
    return false;
  }
  softirq.in_thread = false;
  return end_poll(cpu, id);
}

// napi_threaded_poll()
bool Engine::poll_own_ring(CpuId cpu, TaskId id, PollThreadId thread) {
  const RingId ring = workload_.packets.threads[thread.index()].ring;
  Poll& poll = thread_polls_[thread.index()];
  Task& task = tasks_[id.index()];
  if (task.bh_off) {
    finish_packet(poll);
  } else {
    if (!rings_[ring.index()].masked) {
      block(cpu, id, Cause::kBlockedIdle, kStateInterruptible);
      return false;
    }
    task.bh_off = true;
    poll = {ring, {}, 0};
  }
  if (take_packet(poll)) {
    start_work(cpu, id, PacketPlane::poll_cost(workload_.packets, ring, poll.packet));
    return false;
  }
  if (poll.done < workload_.packets.netdev.weight) unmask(ring);
  return end_poll(cpu, id);
}

// Soft interrupts are on again: those that came meanwhile are handled, and what asked for the CPU gets it. True: the
// task goes on at once.
bool Engine::end_poll(CpuId cpu, TaskId id) {
  tasks_[id.index()].bh_off = false;
  const SoftIrq& softirq = softirqs_[cpu.index()];
  if (softirq.entry > Work(0) || (softirq.count > 0 && ksoftirqd_[cpu.index()] != id)) {
    start_softirq(cpu);
    if (rqs_[cpu.index()].irq) return false;  // end_irq() looks at need_resched
  }
  if (!need_resched(cpu)) return true;
  schedule(cpu);
  return curr(cpu) == id;
}

}  // namespace simsched

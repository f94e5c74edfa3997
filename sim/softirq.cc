// Packets in soft interrupts: NAPI and ksoftirqd, as net/core/dev.c and kernel/softirq.c of 6.12 have them. An
// interrupt of a ring masks it and has it polled, until it is found empty, at most `weight` packets at a time. Rounds
// over all rings of the CPU follow one another in the interrupt until they have taken long enough or a task is to run:
// then ksoftirqd goes on, a task like others. What is pending is tried again at the end of every interrupt, also while
// ksoftirqd waits for the CPU; before 6.5 that was left to it alone (d15121be7485).
#include <algorithm>

#include "base/error.h"
#include "sim/engine.h"

namespace simsched {
namespace {

constexpr int32_t kMaxRounds = 10;   // MAX_SOFTIRQ_RESTART
constexpr Nanos kMaxTime = 2_ms;     // MAX_SOFTIRQ_TIME
constexpr int64_t kBudgetTicks = 2;  // netdev_budget_usecs

}  // namespace

void Engine::start_packets() {
  const Packets& packets = workload_.packets;
  if (!packets.any()) return;
  packets_ = PacketPlane(packets, workload_.tasks.size(), Rng(seed_).split(2));
  softirqs_.resize(rqs_.size());
  rings_.resize(packets.rings.size());
  thread_polls_.resize(packets.threads.size());
  packet_waiters_.resize(packets.queues.size());
  ksoftirqd_.resize(rqs_.size());
  for (const PollThread& thread : packets.threads)
    if (!thread.ring.valid() && !ksoftirqd_[thread.cpu.index()].valid()) ksoftirqd_[thread.cpu.index()] = thread.task;
  for (size_t ring = 0; ring < rings_.size(); ++ring) arm_ring(RingId(ring));
}

// The next packet to come interrupts.
void Engine::arm_ring(RingId ring) {
  if (const Nanos next = packets_.next_arrival(ring); next != Nanos::max())
    agenda_.push(std::max(next, now_), EventKind::kPacket, static_cast<uint32_t>(ring.value()));
}

// irq_migrate_all_off_this_cpu(): the interrupts of a CPU that is gone go to another.
CpuId Engine::irq_cpu(RingId ring) const {
  const CpuId cpu = workload_.packets.rings[ring.index()].cpu;
  return cpu_online(cpu) ? cpu : online_cpus().first_cpu();
}

void Engine::packet_comes(RingId ring) {
  RingState& state = rings_[ring.index()];
  const CpuId cpu = irq_cpu(ring);
  context_ = {cpu, Context::By::kHardIrq};
  if (!state.raised && !curr(cpu).valid() && !rqs_[cpu.index()].irq && !need_resched(cpu)) {
    const Nanos delay = interrupt_cost(cpu).sample(cost_rng_) + idle_exit_latency(cpu);
    state.raised = delay > Nanos(0);
    if (state.raised) return agenda_.push(now_ + delay, EventKind::kPacket, static_cast<uint32_t>(ring.value()));
  }
  state.raised = false;
  state.masked = true;
  ++packet_events_.interrupts;
  SoftIrq& softirq = softirqs_[cpu.index()];
  softirq.entry += workload_.packets.netdev.interrupt;
  if (const PollThreadId thread = workload_.packets.rings[ring.index()].thread; thread.valid()) {
    const TaskId task = workload_.packets.threads[thread.index()].task;
    if (task_blocked(task)) try_to_wake_up(task, kWfTtwu);
    return start_softirq(cpu);  // there may be others, and the interrupt takes its time
  }
  poll_later(softirq, ring);
  start_softirq(cpu);
}

void Engine::poll_later(SoftIrq& softirq, RingId ring) {
  rings_[ring.index()].next = RingId();
  (softirq.last.valid() ? rings_[softirq.last.index()].next : softirq.first) = ring;
  softirq.last = ring;
  ++softirq.count;
}

// The time at which so many ticks will have come.
Nanos Engine::in_ticks(int64_t ticks) { return next_grid_tick() + params_.tick() * (ticks - 1); }

void Engine::begin_softirq(CpuId cpu, SoftIrq& softirq) {
  rqs_[cpu.index()].softirq_pending = false;
  softirq.rounds = kMaxRounds;
  softirq.ends = in_ticks((kMaxTime + params_.tick() - 1_ns) / params_.tick());
  begin_round(softirq);
}

// net_rx_action()
void Engine::begin_round(SoftIrq& softirq) {
  const NetdevParams& netdev = workload_.packets.netdev;
  softirq.left = softirq.count;
  softirq.budget = netdev.budget;
  const Nanos tick = params_.tick();
  softirq.round_ends =
      in_ticks(netdev.budget_time == Nanos(0) ? kBudgetTicks : (netdev.budget_time + tick - 1_ns) / tick);
  ++packet_events_.rounds;
}

// At the end of an interrupt on `cpu`, unless soft interrupts are being handled or held off there.
void Engine::start_softirq(CpuId cpu) {
  SoftIrq& softirq = softirqs_[cpu.index()];
  const Rq& rq = rqs_[cpu.index()];
  if (rq.irq || softirq.in_thread || (curr(cpu).valid() && tasks_[curr(cpu).index()].bh_off)) return;
  if (rq.softirq_pending && !params_.at_least(6, 5)) return;
  if (softirq.count == 0 && softirq.entry == Work(0)) return;
  begin_irq(cpu);
  begin_softirq(cpu, softirq);
  go_on_softirq(cpu);
}

void Engine::softirq_done(CpuId cpu) {
  context_.by = Context::By::kSoftIrq;
  settle(cpu);
  finish_packet(softirqs_[cpu.index()].poll);
  go_on_softirq(cpu);
}

void Engine::go_on_softirq(CpuId cpu) {
  SoftIrq& softirq = softirqs_[cpu.index()];
  const Work cost = next_packet(cpu, softirq);
  if (cost > Work(0)) return agenda_.plan(cpu, EventKind::kDone, now_ + irq_time_for(cpu, cost));
  if (softirq.count > 0) wake_ksoftirqd(cpu);
  end_irq(cpu);
  if (softirq.count > 0) arm_tick(cpu);
}

void Engine::wake_ksoftirqd(CpuId cpu) {
  rqs_[cpu.index()].softirq_pending = true;
  ++packet_events_.handed_over;
  context_ = {cpu, Context::By::kSoftIrq};
  const TaskId thread = ksoftirqd_[cpu.index()];
  if (thread.valid() && task_blocked(thread)) try_to_wake_up(thread, kWfTtwu);
}

// The work of the next packet, or 0: nothing is left, or ksoftirqd has to go on (something is).
Work Engine::next_packet(CpuId cpu, SoftIrq& softirq) {
  const NetdevParams& netdev = workload_.packets.netdev;
  Poll& poll = softirq.poll;
  while (true) {
    if (!poll.ring.valid()) {
      if (softirq.left == 0) {
        if (softirq.count == 0) break;
        if (now_ >= softirq.ends || need_resched(cpu) || --softirq.rounds <= 0) return Work(0);
        begin_round(softirq);
      }
      poll = {softirq.first, {}, 0};
      softirq.first = rings_[softirq.first.index()].next;
      if (!softirq.first.valid()) softirq.last = RingId();
      --softirq.count;
      --softirq.left;
    }
    if (take_packet(poll)) {
      const Work cost = PacketPlane::poll_cost(workload_.packets, poll.ring, poll.packet) + softirq.entry;
      softirq.entry = Work(0);
      return std::max(cost, Work(1));
    }
    softirq.budget -= poll.done;
    if (poll.done < netdev.weight)
      unmask(poll.ring);
    else
      poll_later(softirq, poll.ring);
    poll.ring = RingId();
    if (softirq.budget <= 0 || now_ >= softirq.round_ends) softirq.left = 0;
  }
  // An interrupt that had nothing to poll here takes its time, too.
  const Work entry = softirq.entry;
  softirq.entry = Work(0);
  return entry;
}

// False: the poll is over, its ring is empty or it has had its weight.
bool Engine::take_packet(Poll& poll) {
  if (poll.done >= workload_.packets.netdev.weight) return false;
  packets_.pull(workload_.packets, poll.ring, now_);
  if (packets_.ring_empty(poll.ring)) return false;
  poll.packet = packets_.first_of(poll.ring);
  ++poll.done;
  return true;
}

// The packet of a poll has been worked on: it leaves its ring, and is done or goes to the tasks of its class.
void Engine::finish_packet(Poll& poll) {
  if (!poll.packet.flow.valid()) return;
  const Packet packet = poll.packet;
  poll.packet.flow = FlowId();
  packets_.pull(workload_.packets, poll.ring, now_);
  packets_.release(poll.ring);
  const PacketFlow& flow = workload_.packets.flows[packet.flow.index()];
  const PacketQueueId queue = workload_.packets.classes[flow.packet_class.index()].queue;
  if (!queue.valid()) return packets_.serve(workload_.packets, packet, now_);
  WaitQueue& waiters = packet_waiters_[queue.index()];
  if (packets_.enqueue(workload_.packets, packet) && waiters.first.valid())
    try_to_wake_up(take_first(waiters), kWfTtwu);
}

// napi_complete_done()
void Engine::unmask(RingId ring) {
  rings_[ring.index()].masked = false;
  arm_ring(ring);
}

// dev_cpu_dead(): another CPU polls what was to be polled on the one that is gone.
void Engine::adopt_rings(CpuId gone) {
  SoftIrq& softirq = softirqs_[gone.index()];
  const CpuId heir = online_cpus().first_cpu();
  while (softirq.count > 0) {
    const RingId ring = softirq.first;
    softirq.first = rings_[ring.index()].next;
    --softirq.count;
    poll_later(softirqs_[heir.index()], ring);
  }
  softirq.first = softirq.last = RingId();
  softirq.left = 0;
  start_softirq(heir);
}

}  // namespace simsched

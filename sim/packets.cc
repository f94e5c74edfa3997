#include "sim/packets.h"

#include <algorithm>

namespace simsched {

PacketCounts& PacketCounts::operator+=(const PacketCounts& other) {
  arrived += other.arrived;
  served += other.served;
  dropped_ring += other.dropped_ring;
  dropped_queue += other.dropped_queue;
  arrived_bytes += other.arrived_bytes;
  served_bytes += other.served_bytes;
  dropped_bytes += other.dropped_bytes;
  late_sla += other.late_sla;
  late_budget += other.late_budget;
  latency += other.latency;
  return *this;
}

PacketPlane::PacketPlane(const Packets& packets, size_t nr_tasks, const Rng& rng) {
  if (!packets.any()) return;
  uint32_t room = 0;
  auto fifo = [&](uint32_t capacity) {
    room += capacity;
    return Fifo{room - capacity, capacity, 0, 0};
  };
  for (const PacketRing& ring : packets.rings) rings_.push_back({fifo(ring.capacity), Nanos::max(), 0, 0});
  for (const PacketQueue& queue : packets.queues) queues_.push_back(fifo(queue.capacity));
  room_.resize(room);
  for (size_t i = 0; i < packets.flows.size(); ++i) sources_.emplace_back(packets, packets.flows[i], rng.split(i));
  for (size_t r = 0; r < rings_.size(); ++r) {
    Ring& ring = rings_[r];
    ring.first_flow = static_cast<uint32_t>(by_ring_.size());
    for (size_t i = 0; i < packets.flows.size(); ++i)
      if (packets.flows[i].ring == RingId(r)) by_ring_.push_back(static_cast<uint32_t>(i));
    ring.nr_flows = static_cast<uint32_t>(by_ring_.size()) - ring.first_flow;
    if (ring.nr_flows == 0) continue;
    for (uint32_t at = ring.nr_flows / 2; at-- > 0;) sift_down(ring, at);
    ring.next = sources_[by_ring_[ring.first_flow]].next();
  }
  taken_.resize(nr_tasks);
  counts_.resize(packets.classes.size());
}

bool PacketPlane::before(uint32_t a, uint32_t b) const {
  const Nanos at = sources_[a].next(), other = sources_[b].next();
  return at != other ? at < other : a < b;
}

void PacketPlane::sift_down(Ring& ring, uint32_t at) {
  uint32_t* heap = &by_ring_[ring.first_flow];
  while (true) {
    uint32_t child = 2 * at + 1;
    if (child >= ring.nr_flows) return;
    if (child + 1 < ring.nr_flows && before(heap[child + 1], heap[child])) ++child;
    if (!before(heap[child], heap[at])) return;
    std::swap(heap[child], heap[at]);
    at = child;
  }
}

void PacketPlane::pull(const Packets& packets, RingId id, Nanos now) {
  Ring& ring = rings_[id.index()];
  while (ring.next <= now) {
    const FlowId flow(static_cast<int32_t>(by_ring_[ring.first_flow]));
    const PacketFlow& spec = packets.flows[flow.index()];
    PacketCounts& counts = counts_[spec.packet_class.index()];
    PacketSource& source = sources_[flow.index()];
    const Nanos arrived = source.next();
    const int32_t bytes = source.take(packets, spec);
    ++counts.arrived;
    counts.arrived_bytes += bytes;
    if (ring.fifo.count == ring.fifo.capacity) {
      ++counts.dropped_ring;
      counts.dropped_bytes += bytes;
    } else {
      room_[ring.fifo.add()] = {arrived, bytes, flow};
    }
    sift_down(ring, 0);
    ring.next = sources_[by_ring_[ring.first_flow]].next();
  }
}

bool PacketPlane::enqueue(const Packets& packets, const Packet& packet) {
  const PacketClassId id = packets.flows[packet.flow.index()].packet_class;
  Fifo& queue = queues_[packets.classes[id.index()].queue.index()];
  if (queue.count == queue.capacity) {
    ++counts_[id.index()].dropped_queue;
    counts_[id.index()].dropped_bytes += packet.bytes;
    return false;
  }
  room_[queue.add()] = packet;
  return true;
}

const Packet& PacketPlane::take(PacketQueueId id, TaskId task) {
  Fifo& queue = queues_[id.index()];
  taken_[task.index()] = room_[queue.first()];
  queue.remove();
  return taken_[task.index()];
}

void PacketPlane::serve_taken(const Packets& packets, TaskId task, Nanos now) {
  Packet& packet = taken_[task.index()];
  if (packet.flow.valid()) serve(packets, packet, now);
  packet.flow = FlowId();
}

void PacketPlane::serve(const Packets& packets, const Packet& packet, Nanos now) {
  const PacketClassId id = packets.flows[packet.flow.index()].packet_class;
  const PacketClass& spec = packets.classes[id.index()];
  PacketCounts& counts = counts_[id.index()];
  const Nanos latency = now - packet.arrived;
  ++counts.served;
  counts.served_bytes += packet.bytes;
  counts.late_sla += spec.sla > Nanos(0) && latency > spec.sla;
  counts.late_budget += spec.budget > Nanos(0) && latency > spec.budget;
  counts.latency.add(latency);
}

Work PacketPlane::class_cost(const Packets& packets, const Packet& packet) {
  const PacketFlow& flow = packets.flows[packet.flow.index()];
  return packets.classes[flow.packet_class.index()].cost.of(packet.bytes + flow.overhead, flow.encrypted);
}

// Of a class without a queue, polling does all.
Work PacketPlane::poll_cost(const Packets& packets, RingId ring, const Packet& packet) {
  const PacketFlow& flow = packets.flows[packet.flow.index()];
  const Work cost = packets.rings[ring.index()].cost.of(packet.bytes + flow.overhead, false);
  return packets.classes[flow.packet_class.index()].queue.valid() ? cost : cost + class_cost(packets, packet);
}

template <class Visit>
void PacketPlane::visit(const Fifo& fifo, Visit&& visit) const {
  for (uint32_t i = 0; i < fifo.count; ++i) visit(room_[fifo.base + (fifo.head + i) % fifo.capacity]);
}

std::vector<uint64_t> PacketPlane::left(const Packets& packets) const {
  std::vector<uint64_t> left(counts_.size());
  auto count = [&](const Packet& packet) { ++left[packets.flows[packet.flow.index()].packet_class.index()]; };
  for (const Ring& ring : rings_) visit(ring.fifo, count);
  for (const Fifo& queue : queues_) visit(queue, count);
  for (const Packet& packet : taken_)
    if (packet.flow.valid()) count(packet);
  return left;
}

}  // namespace simsched

// PacketPlane: packets on their way, from when they arrive until they are done or dropped, and what is counted of them.
// Who polls, and when, is Engine's (sim/softirq.cc). Flat data, sized once: no packet costs an allocation.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/histogram.h"
#include "base/ids.h"
#include "base/rng.h"
#include "base/units.h"
#include "workloads/packet_source.h"
#include "workloads/packets.h"

namespace simsched {

struct Packet {
  Nanos arrived;
  int32_t bytes = 0;  // without headers around it
  FlowId flow;        // none: no packet
};

// What became of the packets of a class.
struct PacketCounts {
  uint64_t arrived = 0, served = 0, dropped_ring = 0, dropped_queue = 0;
  int64_t arrived_bytes = 0, served_bytes = 0, dropped_bytes = 0;
  uint64_t late_sla = 0, late_budget = 0;  // served, but later than that
  Histogram latency;                       // of those served, from their arrival

  PacketCounts& operator+=(const PacketCounts& other);
};

class PacketPlane {
 public:
  PacketPlane() = default;
  PacketPlane(const Packets& packets, size_t nr_tasks, const Rng& rng);

  // ---- Rings ----
  Nanos next_arrival(RingId ring) const { return rings_[ring.index()].next; }
  // What has arrived by now is in the ring, or dropped where that was full.
  void pull(const Packets& packets, RingId ring, Nanos now);
  bool ring_empty(RingId ring) const { return rings_[ring.index()].fifo.count == 0; }
  // The first packet of a ring that is not empty. It keeps its place until release().
  Packet first_of(RingId ring) const { return room_[rings_[ring.index()].fifo.first()]; }
  void release(RingId ring) { rings_[ring.index()].fifo.remove(); }

  // ---- Queues ----
  // Into the queue of its class; false: that is full, and the packet dropped.
  bool enqueue(const Packets& packets, const Packet& packet);
  bool queue_empty(PacketQueueId queue) const { return queues_[queue.index()].count == 0; }
  // A task takes the first packet of a queue that is not empty.
  const Packet& take(PacketQueueId queue, TaskId task);
  // The packet that the task took is done.
  void serve_taken(const Packets& packets, TaskId task, Nanos now);

  void serve(const Packets& packets, const Packet& packet, Nanos now);

  // ---- Costs ----
  static Work poll_cost(const Packets& packets, RingId ring, const Packet& packet);
  static Work class_cost(const Packets& packets, const Packet& packet);

  // By class.
  const std::vector<PacketCounts>& counts() const { return counts_; }
  // Neither done nor dropped.
  std::vector<uint64_t> left(const Packets& packets) const;

 private:
  struct Fifo {
    uint32_t base = 0, capacity = 0, head = 0, count = 0;  // of room_
    uint32_t first() const { return base + head; }
    uint32_t add() {
      const uint32_t at = head + count++;
      return base + (at < capacity ? at : at - capacity);
    }
    void remove() {
      head = head + 1 == capacity ? 0 : head + 1;
      --count;
    }
  };
  struct Ring {
    Fifo fifo;
    Nanos next = Nanos::max();              // arrival
    uint32_t first_flow = 0, nr_flows = 0;  // of by_ring_: a heap, the flow that comes next first
  };
  bool before(uint32_t a, uint32_t b) const;
  void sift_down(Ring& ring, uint32_t at);
  template <class Visit>
  void visit(const Fifo& fifo, Visit&& visit) const;

  std::vector<Packet> room_;  // of all rings and queues
  std::vector<Ring> rings_;
  std::vector<Fifo> queues_;
  std::vector<uint32_t> by_ring_;      // flows
  std::vector<PacketSource> sources_;  // by flow
  std::vector<Packet> taken_;          // by task
  std::vector<PacketCounts> counts_;   // by class
};

}  // namespace simsched

// Packets: what a data plane is offered and how it takes it, as data of a Workload. Flows of packets arrive at rings (a
// network card's receive queues), each with a CPU that it interrupts. Polling a ring (NAPI) takes packets off it: in
// the soft interrupt of that CPU, in its ksoftirqd when that takes too long, or in a thread of the ring's own. A packet
// is then either done, or put into the queue of its class, from which tasks take it (kPacketIn, kPacketOut).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/units.h"

namespace simsched {

using FlowId = Id<struct FlowTag>;
using PacketClassId = Id<struct PacketClassTag>;
using RingId = Id<struct RingTag>;
using PacketQueueId = Id<struct PacketQueueTag>;
using PollThreadId = Id<struct PollThreadTag>;

// Of a packet of so many bytes: fixed + bytes x per byte.
struct PacketCost {
  Work fixed{0};
  int64_t per_byte_ps = 0;        // picoseconds
  int64_t encrypted_byte_ps = 0;  // and so much more where it is encrypted

  Work of(int64_t bytes, bool encrypted) const {
    return fixed + Work(bytes * (per_byte_ps + (encrypted ? encrypted_byte_ps : 0)) / 1000);
  }
};

// What is measured together.
struct PacketClass {
  std::string name;
  Nanos sla{0};         // from arrival until it is done, at most; 0: no promise
  Nanos budget{0};      // the packet delay budget of its 5QI; 0: none
  PacketQueueId queue;  // from which tasks take its packets; none: polling does all
  PacketCost cost;      // of what the task does, or polling in its place
};

struct PacketQueue {
  uint32_t capacity = 0;  // packets; more are dropped
};

struct SizeRange {
  int32_t low = 0, high = 0;  // bytes, either included; uniform
  uint32_t up_to = 0;         // weights of the ranges of a flow up to this one
};

struct RateStep {
  Nanos at;
  int64_t rate = 0;  // packets a second, until the next step
};

// How the packets of a flow come.
struct Arrivals {
  enum class Kind : uint8_t {
    kRegular,  // one as far from the next as any other
    kPoisson,
    kBursty,    // Poisson while it is on, none while it is off; both last exponentially
    kRecorded,  // Poisson, at rates by time
  };
  Kind kind = Kind::kPoisson;
  int64_t rate = 1;                       // packets a second; of kBursty, on the average
  Nanos on{0}, off{0};                    // means
  uint32_t first_step = 0, nr_steps = 0;  // of Packets::steps
};

constexpr uint8_t kMostQfi = 63;  // 6 bits
constexpr int64_t kMostPacketRate = 1'000'000'000;
constexpr int32_t kMostPacketBytes = 65'535;

struct PacketFlow {
  PacketClassId packet_class;
  RingId ring;
  uint8_t qfi = 0;  // QoS flow identifier: a name, not a priority
  bool encrypted = false;
  int32_t overhead = 0;                   // bytes of headers around each packet (GTP-U)
  uint32_t first_size = 0, nr_sizes = 0;  // of Packets::sizes
  Arrivals arrivals;
};

struct PacketRing {
  CpuId cpu;              // that it interrupts
  uint32_t capacity = 0;  // packets, that being polled included; more are dropped
  PollThreadId thread;    // that polls it (threaded NAPI); none: the soft interrupt
  PacketCost cost;        // of taking a packet off it
};

// A task whose program is kPoll.
struct PollThread {
  TaskId task;
  RingId ring;  // its own; none: it is the ksoftirqd of `cpu`
  CpuId cpu;
};

// sysctl net.core, and constants of net/core/dev.c and kernel/softirq.c, 6.12.
struct NetdevParams {
  int32_t budget = 300;  // netdev_budget: packets of a round
  Nanos budget_time{0};  // netdev_budget_usecs; 0: two ticks
  int32_t weight = 64;   // NAPI_POLL_WEIGHT: packets of a poll of one ring
  Work interrupt{0};     // of taking an interrupt, and of getting to polling
};

struct Packets {
  std::vector<PacketClass> classes;
  std::vector<PacketFlow> flows;
  std::vector<PacketRing> rings;
  std::vector<PacketQueue> queues;
  std::vector<PollThread> threads;
  std::vector<SizeRange> sizes;
  std::vector<RateStep> steps;
  NetdevParams netdev;

  bool any() const { return !rings.empty(); }
  // All that `from` has comes after what is here; its tasks have been moved up by so many. Of two classes with one name
  // the later is called NAME.2.
  void append(const Packets& from, int32_t tasks);
  // For a machine of so many CPUs: those of rings and threads wrap round.
  void fit(size_t nr_cpus);
  // Checks every index and range, and that a ring that no thread of its own polls has a ksoftirqd; throws Error.
  void check(size_t nr_tasks, size_t nr_cpus) const;
};

}  // namespace simsched

// What recorded calls say: which bytes of which send went to which receive, so that they can be replayed through
// channels. docs/replay.md has the reasons. Private to replay/.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "traces/sched_trace.h"
#include "workloads/workload.h"

namespace simsched::replay {

constexpr uint32_t kNoCall = ~uint32_t{0};
// A task that leaves its CPU in one of these waits for something.
constexpr uint16_t kBlockedStates =
    kStateInterruptible | kStateUninterruptible | kStateStopped | kStateTraced | kStateParked | kStateIdle;

// A call begins or ends.
struct CallEdge {
  Nanos time;
  uint32_t call;
  bool end;
};

struct Message {
  ChannelId channel;
  int64_t bytes;
};

// What is known of a call once all are matched.
struct CallFacts {
  uint32_t first = 0, count = 0;  // its messages; none: a block inside ends as one without calls does
  uint32_t serves = kNoCall;      // a poll: the receive that its block waited for
  bool blocked = false;           // the task left its CPU inside, not to be preempted
  bool polled = false;            // a receive in a poll loop
};

struct Messages {
  std::vector<CallEdge> edges;   // of all calls, in order of time
  std::vector<CallFacts> facts;  // by call
  std::vector<Message> messages;
  std::vector<ChannelSpec> channels;
  std::vector<uint64_t> connections;  // by channel: the same for both directions of a connection; 0: not known
  std::array<Nanos, 8> tail{};        // by CallObject: from the wake that a send raises to its end, the median
  uint64_t unmatched_receives = 0;    // that got bytes which nobody was seen to send

  std::span<const Message> of(uint32_t call) const { return {messages.data() + facts[call].first, facts[call].count}; }
};

Messages match_calls(const SchedTrace& trace);

}  // namespace simsched::replay

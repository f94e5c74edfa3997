#include "replay/messages.h"

#include <algorithm>
#include <deque>
#include <unordered_map>

namespace simsched::replay {
namespace {

constexpr int64_t kPipeCapacity = 65536;  // PIPE_DEF_BUFFERS pages (include/linux/pipe_fs_i.h)
constexpr Nanos kLongestCall = 10_us;     // that does not wait

// What goes through an object beside its data.
enum class Stream : uint8_t { kData, kConnections, kEnd };

struct Key {
  uint64_t object;
  Stream stream;
  friend bool operator==(const Key&, const Key&) = default;
};
struct KeyHash {
  size_t operator()(const Key& key) const {
    return static_cast<size_t>((key.object ^ static_cast<uint64_t>(key.stream) << 61) * 0x9e3779b97f4a7c15);
  }
};

bool receives(CallKind kind) { return kind == CallKind::kReceive || kind == CallKind::kAccept; }
bool sends(CallKind kind) { return kind == CallKind::kSend || kind == CallKind::kConnect || kind == CallKind::kClose; }

Nanos quantile(std::vector<Nanos>& values, size_t percent) {
  if (values.empty()) return Nanos(0);
  auto at = values.begin() + static_cast<std::ptrdiff_t>((values.size() - 1) * percent / 100);
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

class Matcher {
 public:
  explicit Matcher(const SchedTrace& trace) : trace_(trace) {
    int32_t last_pid = 0;
    for (const TraceCall& call : trace.calls) last_pid = std::max(last_pid, call.pid.value());
    threads_.resize(static_cast<size_t>(last_pid) + 1);
    out_.facts.resize(trace.calls.size());
    first_.resize(trace.calls.size(), Nanos::max());
  }

  Messages run() {
    find_happenings();
    list_edges();
    const std::vector<CallEdge> edges = whole_calls();
    size_t next = 0;
    for (const TraceEvent& event : trace_.events) {
      bool blocks = event.kind == TraceKind::kSwitch && (event.state & kBlockedStates);
      if (!blocks && event.kind != TraceKind::kWaking) continue;
      for (; next < edges.size() && edges[next].time <= event.time; ++next) edge(edges[next]);
      if (blocks)
        block(event.current);
      else
        wakes(event.current, event.time);
    }
    for (; next < edges.size(); ++next) edge(edges[next]);
    collect();
    return std::move(out_);
  }

 private:
  struct Sent {
    uint32_t call;
    int64_t bytes;  // not yet received
  };
  struct Object {
    std::deque<Sent> queue;
    std::vector<Sent> going;  // sends that have begun and may not have put in anything yet
    int64_t inside = 0;       // bytes sent and not received
    int64_t most = 0;         // of them, when one more was put in; plus one
    bool full = false;        // a send blocked
    CallObject type = CallObject::kNone;
    Stream stream = Stream::kData;
    uint64_t connection = 0;
    std::vector<uint32_t> channels;  // one a reader
  };
  struct Channel {
    uint32_t object;
    Pid reader;
  };
  struct Piece {
    uint32_t call;
    Message message;
  };
  struct Thread {
    uint32_t call = kNoCall;      // it is in
    uint32_t woke = kNoCall;      // the last call in which it woke somebody
    uint32_t poll = kNoCall;      // it blocked in that, and has not blocked or received since
    bool polls = false;           // it has polled since it last blocked elsewhere
    std::vector<uint64_t> taken;  // objects that it has received from since then
  };

  // In which calls tasks left their CPU, not to be preempted, and what was the first that they did in each.
  void find_happenings() {
    std::vector<std::vector<uint32_t>> calls(threads_.size());  // by pid, in order
    for (uint32_t i = 0; i < trace_.calls.size(); ++i) calls[trace_.calls[i].pid.index()].push_back(i);
    std::vector<size_t> next(threads_.size());
    for (const TraceEvent& event : trace_.events) {
      bool blocks = event.kind == TraceKind::kSwitch && (event.state & kBlockedStates);
      if (!blocks && event.kind != TraceKind::kWaking) continue;
      if (!event.current.valid() || event.current.index() >= threads_.size()) continue;
      std::vector<uint32_t>& own = calls[event.current.index()];
      size_t& at = next[event.current.index()];
      while (at < own.size() && trace_.calls[own[at]].end < event.time) ++at;
      if (at == own.size() || trace_.calls[own[at]].begin > event.time) continue;
      out_.facts[own[at]].blocked |= blocks;
      if (first_[own[at]] == Nanos::max()) first_[own[at]] = event.time;
    }
  }

  // A recording may say of a call only that it began after the one before. What calls take that do not wait is told by
  // the short ones of their kind.
  void list_edges() {
    constexpr size_t kKinds = 16, kTypes = 8;
    std::array<std::vector<Nanos>, kKinds * kTypes> lengths;
    auto kind = [](const TraceCall& call) {
      return static_cast<size_t>(call.kind) % kKinds * kTypes + static_cast<size_t>(call.type) % kTypes;
    };
    for (size_t i = 0; i < trace_.calls.size(); ++i) {
      const TraceCall& call = trace_.calls[i];
      if (!out_.facts[i].blocked && call.end != Nanos::max()) lengths[kind(call)].push_back(call.end - call.begin);
    }
    std::array<Nanos, kKinds * kTypes> usual;
    for (size_t i = 0; i < lengths.size(); ++i) usual[i] = std::min(quantile(lengths[i], 10), kLongestCall);
    out_.edges.reserve(2 * trace_.calls.size());
    for (uint32_t i = 0; i < trace_.calls.size(); ++i) {
      const TraceCall& call = trace_.calls[i];
      bool ends = call.end != Nanos::max();
      Nanos until = std::min(first_[i], call.end);
      Nanos begin = until == Nanos::max() ? call.begin : std::max(call.begin, until - usual[kind(call)]);
      out_.edges.push_back({begin, i, false});
      if (ends) out_.edges.push_back({call.end, i, true});
    }
    sort(out_.edges);
  }

  // As long as they may have been: what was read before a call ended may have been sent since it could have begun.
  std::vector<CallEdge> whole_calls() const {
    std::vector<CallEdge> edges = out_.edges;
    for (CallEdge& edge : edges)
      if (!edge.end) edge.time = trace_.calls[edge.call].begin;
    sort(edges);
    return edges;
  }

  static void sort(std::vector<CallEdge>& edges) {
    std::stable_sort(edges.begin(), edges.end(), [](const CallEdge& a, const CallEdge& b) { return a.time < b.time; });
  }

  Thread& thread(Pid pid) { return threads_[pid.index()]; }

  Object* object_of(const TraceCall& call) {
    if (call.object == 0) return nullptr;
    Stream stream = call.kind == CallKind::kAccept || call.kind == CallKind::kConnect ? Stream::kConnections
                    : call.kind == CallKind::kClose || (call.kind == CallKind::kReceive && call.result == 0)
                        ? Stream::kEnd
                        : Stream::kData;
    auto [found, fresh] = by_key_.try_emplace({call.object, stream}, static_cast<uint32_t>(objects_.size()));
    if (fresh) {
      Object& object = objects_.emplace_back();
      object.type = call.type;
      object.stream = stream;
      if (call.type == CallObject::kTcp && stream == Stream::kData) object.connection = call.object / 2;
    }
    return &objects_[found->second];
  }

  // Eventfds, connections and ends are counted, not measured.
  int64_t units(const TraceCall& call) const {
    bool counted = call.kind != CallKind::kSend || call.type == CallObject::kEventfd;
    return counted ? 1 : std::max(0, call.result);
  }
  // A connect that goes on in the background is asked for again when it is done.
  bool sent(const TraceCall& call) const {
    if (call.kind == CallKind::kConnect) return true;
    return call.kind == CallKind::kClose || call.result > 0;
  }

  void edge(const CallEdge& edge) {
    const TraceCall& call = trace_.calls[edge.call];
    Thread& thread = this->thread(call.pid);
    if (!edge.end) {
      thread.call = edge.call;
      if (sends(call.kind) && sent(call)) begin_send(edge.call);
      return;
    }
    thread.call = kNoCall;
    if (call.kind == CallKind::kPoll) {
      thread.polls = true;
      thread.taken.clear();
      if (out_.facts[edge.call].blocked && call.result > 0) thread.poll = edge.call;
    } else if (receives(call.kind) && call.result >= 0) {
      receive(edge.call);
    } else if (sends(call.kind)) {
      if (sent(call)) finish_send(edge.call);
    }
  }

  // Whether a receive takes what a poll has told of: one message an object that would block.
  bool polled(Thread& thread, const TraceCall& call) {
    if (!thread.polls) return false;
    if (call.flags & kCallNonBlocking) return true;
    bool again = std::find(thread.taken.begin(), thread.taken.end(), call.object) != thread.taken.end();
    thread.taken.push_back(call.object);
    return !again;
  }

  // The bytes of a send are there from now on; all of them, though a pipe may take them in parts.
  void put_going(Object& object, std::vector<Sent>::iterator sent) {
    object.most = std::max(object.most, object.inside + 1);
    object.inside += sent->bytes;
    object.queue.push_back(*sent);
    object.going.erase(sent);
  }

  // From when a send has begun its bytes may be there, from its first wake or its end on they are.
  void begin_send(uint32_t number) {
    const TraceCall& call = trace_.calls[number];
    Object* object = object_of(call);
    if (!object) return;
    if (call.kind == CallKind::kConnect && !object->queue.empty()) return;  // the second call of one connection
    object->going.push_back({number, units(call)});
  }

  void finish_send(uint32_t number) {
    Object* object = object_of(trace_.calls[number]);
    if (!object) return;
    auto found =
        std::find_if(object->going.begin(), object->going.end(), [&](const Sent& sent) { return sent.call == number; });
    if (found != object->going.end()) put_going(*object, found);
  }

  // Of the sends that are going on, the one that ends first.
  bool put_first(Object& object) {
    auto first = std::min_element(object.going.begin(), object.going.end(), [this](const Sent& a, const Sent& b) {
      return trace_.calls[a.call].end < trace_.calls[b.call].end;
    });
    if (first == object.going.end()) return false;
    put_going(object, first);
    return true;
  }

  void receive(uint32_t number) {
    const TraceCall& call = trace_.calls[number];
    CallFacts& facts = out_.facts[number];
    Thread& thread = this->thread(call.pid);
    Object* object = object_of(call);
    if (!object) return;
    bool all = call.type == CallObject::kEventfd;  // a read takes what has been written since the last
    int64_t wanted = call.kind == CallKind::kAccept || call.result == 0 ? 1 : call.result, got = 0;
    ChannelId channel = channel_of(*object, call.pid);
    while (all || got < wanted) {
      if (object->queue.empty() && (all || !put_first(*object))) break;
      Sent& front = object->queue.front();
      int64_t part = all ? front.bytes : std::min(front.bytes, wanted - got);
      pieces_.push_back({front.call, {channel, part}});
      got += part;
      front.bytes -= part;
      if (front.bytes == 0) object->queue.pop_front();
    }
    object->inside -= got;
    if (got == 0) {
      ++out_.unmatched_receives;
    } else {
      pieces_.push_back({number, {channel, got}});
      facts.polled = polled(thread, call) && !facts.blocked;
      if (thread.poll != kNoCall && !facts.blocked) out_.facts[thread.poll].serves = number;
    }
    thread.poll = kNoCall;
  }

  void wakes(Pid pid, Nanos now) {
    if (!pid.valid() || pid.index() >= threads_.size()) return;
    Thread& thread = this->thread(pid);
    if (thread.call == kNoCall || thread.woke == thread.call) return;
    const TraceCall& call = trace_.calls[thread.call];
    if (!sends(call.kind) || !sent(call) || call.end == Nanos::max()) return;
    thread.woke = thread.call;
    // What wakes a reader is there; a writer that blocks may have been let in by its reader, and not be done.
    if (!out_.facts[thread.call].blocked) finish_send(thread.call);
    if (call.kind == CallKind::kSend) tails_[static_cast<size_t>(call.type)].push_back(call.end - now);
  }

  // The thread leaves its CPU, until it is woken.
  void block(Pid pid) {
    if (!pid.valid() || pid.index() >= threads_.size()) return;
    Thread& thread = this->thread(pid);
    thread.poll = kNoCall;
    if (thread.call == kNoCall) {
      thread.polls = false;
      return;
    }
    const TraceCall& call = trace_.calls[thread.call];
    if (call.kind != CallKind::kPoll) thread.polls = false;
    if (call.kind == CallKind::kReceive && call.flags & kCallMessages) drained(call);
    if (call.kind == CallKind::kSend && sent(call)) {
      if (Object* object = object_of(call)) object->full = true;
    }
  }

  // A receive that blocks finds its object empty: datagrams that were sent before and not received are lost.
  void drained(const TraceCall& call) {
    auto found = by_key_.find({call.object, Stream::kData});
    if (call.object == 0 || found == by_key_.end()) return;
    Object& object = objects_[found->second];
    while (!object.queue.empty() && trace_.calls[object.queue.front().call].end < call.begin) {
      object.inside -= object.queue.front().bytes;
      object.queue.pop_front();
    }
  }

  // A channel has one reader: what several tasks took from one object goes to the one that took it in the recording, in
  // an order that is known to be possible.
  ChannelId channel_of(Object& object, Pid reader) {
    for (uint32_t channel : object.channels)
      if (channels_[channel].reader == reader) return ChannelId(size_t{channel});
    object.channels.push_back(static_cast<uint32_t>(channels_.size()));
    channels_.push_back({static_cast<uint32_t>(&object - objects_.data()), reader});
    out_.connections.push_back(object.connection);
    return ChannelId(channels_.size() - 1);
  }

  void collect() {
    std::stable_sort(pieces_.begin(), pieces_.end(), [](const Piece& a, const Piece& b) { return a.call < b.call; });
    out_.messages.reserve(pieces_.size());
    for (const Piece& piece : pieces_) {
      CallFacts& facts = out_.facts[piece.call];
      // Parts of one send to one reader are one message again.
      if (facts.count > 0 && out_.messages.back().channel == piece.message.channel) {
        out_.messages.back().bytes += piece.message.bytes;
        continue;
      }
      if (facts.count++ == 0) facts.first = static_cast<uint32_t>(out_.messages.size());
      out_.messages.push_back(piece.message);
    }
    for (size_t type = 0; type < tails_.size(); ++type) out_.tail[type] = quantile(tails_[type], 50);
    for (const Channel& channel : channels_) out_.channels.push_back(spec_of(objects_[channel.object]));
  }

  ChannelSpec spec_of(const Object& object) const {
    using Kind = ChannelSpec::Kind;
    if (object.stream != Stream::kData) return {};
    if (object.type == CallObject::kPipe) {
      // One that has held far more was made larger. What a reader is about to take counts twice here.
      bool larger = object.most > 2 * kPipeCapacity;
      return {larger ? (object.most + kPageSize - 1) / kPageSize * kPageSize : kPipeCapacity, Kind::kPipe};
    }
    if (!object.full || object.type == CallObject::kUdp) return {};
    return {object.most, object.type == CallObject::kUnix ? Kind::kUnix : Kind::kStream};
  }

  const SchedTrace& trace_;
  Messages out_;
  std::vector<Thread> threads_;
  std::vector<Nanos> first_;  // by call: the first block or wake in it
  std::vector<Object> objects_;
  std::unordered_map<Key, uint32_t, KeyHash> by_key_;
  std::vector<Channel> channels_;
  std::vector<Piece> pieces_;
  std::array<std::vector<Nanos>, 8> tails_;
};

}  // namespace

Messages match_calls(const SchedTrace& trace) { return Matcher(trace).run(); }

}  // namespace simsched::replay

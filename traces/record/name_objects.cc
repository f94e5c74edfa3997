// From what the kernel noted to calls that name their objects: numbers that say nothing of addresses or hosts.
#include <algorithm>
#include <cerrno>
#include <map>
#include <tuple>
#include <unordered_map>

#include "traces/record/recorder.h"

namespace simsched::record {
namespace {

raw_kind kind_of(const raw_call& call) { return static_cast<raw_kind>(call.what & 15); }
raw_object type_of(const raw_call& call) { return static_cast<raw_object>(call.what >> 4); }
void set_type(raw_call& call, raw_object type) { call.what = static_cast<unsigned char>(kind_of(call) | type << 4); }

// A unix connection that was not accepted yet goes by its address, which is used again and again: what it is called
// later is found going back in time. Aliases are taken out.
void resolve_embryos(std::vector<raw_call>& calls) {
  std::vector<raw_call*> by_end;
  for (raw_call& call : calls)
    if (type_of(call) == RAW_EMBRYO || kind_of(call) == RAW_ALIAS) by_end.push_back(&call);
  std::stable_sort(by_end.begin(), by_end.end(), [](auto* a, auto* b) { return a->end > b->end; });
  std::unordered_map<uint64_t, uint64_t> number;
  for (raw_call* call : by_end) {
    if (kind_of(*call) == RAW_ALIAS) {
      number[call->begin] = call->object;
    } else if (auto found = number.find(call->object); found != number.end()) {
      call->object = found->second;
      set_type(*call, RAW_UNIX);
    }
  }
  std::erase_if(calls, [](const raw_call& call) { return kind_of(call) == RAW_ALIAS; });
}

// Who receives on any of its addresses is sent to on one of them.
void resolve_addresses(std::vector<raw_call>& calls) {
  std::unordered_map<uint64_t, bool> receivers;
  for (const raw_call& call : calls)
    if (type_of(call) == RAW_UDP && kind_of(call) == RAW_RECEIVE) receivers[call.object] = true;
  for (raw_call& call : calls) {
    if (type_of(call) != RAW_UDP || kind_of(call) != RAW_SEND || receivers.contains(call.object)) continue;
    const uint64_t any = call.object >> 32 << 32;
    if (receivers.contains(any)) call.object = any;
  }
}

// Of a direction, what is the same for the other one.
uint64_t unordered(uint64_t direction) {
  const uint64_t from = direction >> 48, to = direction >> 32 & 0xffff, addresses = direction & 0xffffffff;
  return std::min(from, to) << 48 | std::max(from, to) << 32 | (from == to ? addresses & ~uint64_t{1} : addresses);
}

// Ports and addresses are used again: each connection is a generation of its pair, which begins with its connect(), or
// where that was not seen, its accept().
class Generations {
 public:
  // To be called in order of `moment`.
  uint32_t of(const raw_call& call) {
    Pair& pair = pairs_[unordered(call.object)];
    const raw_kind kind = kind_of(call);
    if (kind == RAW_CONNECT) {
      if (pair.connecting != call.pid) ++pair.generation, pair.accepted = false;  // else EINPROGRESS before
      pair.connected = true;
      pair.connecting = call.result == -EINPROGRESS ? call.pid : 0;
    } else if (kind == RAW_ACCEPT) {
      if (pair.accepted || !pair.connected) ++pair.generation;
      pair.accepted = true;
    }
    return pair.generation;
  }

  // Since when the call is about its connection: accept() may have begun long before there was one.
  static uint64_t moment(const raw_call& call) { return kind_of(call) == RAW_ACCEPT ? call.end : call.begin; }

 private:
  struct Pair {
    uint32_t generation = 0;
    int connecting = 0;
    bool connected = false, accepted = false;
  };
  std::unordered_map<uint64_t, Pair> pairs_;
};

// By position in `calls`.
std::vector<uint32_t> generations(const std::vector<raw_call>& calls) {
  std::vector<size_t> order;
  for (size_t i = 0; i < calls.size(); ++i)
    if (type_of(calls[i]) == RAW_TCP) order.push_back(i);
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return Generations::moment(calls[a]) < Generations::moment(calls[b]); });
  std::vector<uint32_t> found(calls.size());
  Generations connections;
  for (size_t i : order) found[i] = connections.of(calls[i]);
  return found;
}

}  // namespace

Causes name_objects(std::vector<raw_call> raw) {
  resolve_embryos(raw);
  resolve_addresses(raw);
  std::stable_sort(raw.begin(), raw.end(), [](const raw_call& a, const raw_call& b) { return a.begin < b.begin; });
  Causes causes;
  causes.calls.reserve(raw.size());
  const std::vector<uint32_t> generation = generations(raw);
  std::map<std::tuple<raw_object, uint64_t, uint32_t>, uint64_t> numbers;
  for (size_t i = 0; i < raw.size(); ++i) {
    const raw_call& from = raw[i];
    const raw_object type = type_of(from);
    TraceCall call;
    call.begin = Nanos(static_cast<int64_t>(from.begin));
    call.end = from.end == 0 ? Nanos::max() : Nanos(static_cast<int64_t>(from.end));
    call.result = from.result;
    call.request = from.request;
    call.pid = Pid(from.pid);
    call.cpu = from.end == 0 ? CpuId() : CpuId(int32_t{from.cpu});
    call.kind = static_cast<CallKind>(kind_of(from));
    call.type = static_cast<CallObject>(type == RAW_EMBRYO ? RAW_UNIX : type);
    call.flags = from.flags;
    if (type != RAW_NONE) {
      // Even numbers; of a TCP connection the other direction has the next one.
      const uint64_t connection = type == RAW_TCP ? unordered(from.object) : from.object;
      call.object = 2 * numbers.try_emplace({type, connection, generation[i]}, numbers.size() + 1).first->second;
      if (connection != from.object) ++call.object;
    }
    causes.calls.push_back(call);
  }
  return causes;
}

}  // namespace simsched::record

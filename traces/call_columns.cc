#include "traces/call_columns.h"

namespace simsched {
namespace {

constexpr int64_t kMax32 = std::numeric_limits<int32_t>::max(), kMin32 = std::numeric_limits<int32_t>::min();
constexpr int64_t kMaxCpu = (1 << 16) - 1;
constexpr int64_t kUnended = -1;  // as a duration

// `each(get, set, low, high)` does one column.
template <class Each>
void columns(Each each) {
  using C = TraceCall;
  each([](const C& c) { return static_cast<int64_t>(c.kind); },
       [](C& c, int64_t v) { c.kind = static_cast<CallKind>(v); }, int64_t{1}, static_cast<int64_t>(CallKind::kKill));
  each([](const C& c) { return static_cast<int64_t>(c.type); },
       [](C& c, int64_t v) { c.type = static_cast<CallObject>(v); }, int64_t{0},
       static_cast<int64_t>(CallObject::kFutex));
  each([](const C& c) { return int64_t{c.flags}; }, [](C& c, int64_t v) { c.flags = static_cast<uint8_t>(v); },
       int64_t{0}, int64_t{255});
  each([](const C& c) { return static_cast<int64_t>(c.object); },
       [](C& c, int64_t v) { c.object = static_cast<uint64_t>(v); }, std::numeric_limits<int64_t>::min(),
       std::numeric_limits<int64_t>::max());
  each([](const C& c) { return int64_t{c.result}; }, [](C& c, int64_t v) { c.result = static_cast<int32_t>(v); },
       kMin32, kMax32);
  each([](const C& c) { return int64_t{c.request}; }, [](C& c, int64_t v) { c.request = static_cast<int32_t>(v); },
       kMin32, kMax32);
  each([](const C& c) { return int64_t{c.pid.value()}; }, [](C& c, int64_t v) { c.pid = Pid(static_cast<int32_t>(v)); },
       int64_t{-1}, kMax32);
  each([](const C& c) { return int64_t{c.cpu.value()}; },
       [](C& c, int64_t v) { c.cpu = CpuId(static_cast<int32_t>(v)); }, int64_t{-1}, kMaxCpu);
}

}  // namespace

void write_calls(PackedWriter& out, const std::vector<TraceCall>& calls) {
  out.field(calls.size());
  Nanos last{0};
  for (const TraceCall& call : calls) {
    out.field(call.begin - last);
    last = call.begin;
  }
  for (const TraceCall& call : calls) out.number(call.end == Nanos::max() ? kUnended : (call.end - call.begin).count());
  columns([&](auto get, auto, int64_t, int64_t) {
    for (const TraceCall& call : calls) out.number(get(call));
  });
}

std::vector<TraceCall> read_calls(PackedReader& in) {
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  std::vector<TraceCall> calls(in.count());
  int64_t time = 0;
  for (TraceCall& call : calls) {
    // Only the first may be before the clock's zero.
    int64_t step = &call == calls.data() ? in.number() : in.number(0, kMax);
    if (step > 0 && time > kMax - step) in.fail();
    call.begin = Nanos(time += step);
  }
  for (TraceCall& call : calls) {
    int64_t took = in.number(kUnended, kMax);
    if (took > 0 && call.begin.count() > 0 && took >= kMax - call.begin.count()) in.fail();
    call.end = took == kUnended ? Nanos::max() : call.begin + Nanos(took);
  }
  columns([&](auto, auto set, int64_t low, int64_t high) {
    for (TraceCall& call : calls) set(call, in.number(low, high));
  });
  return calls;
}

}  // namespace simsched

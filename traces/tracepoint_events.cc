#include "traces/tracepoint_events.h"

#include <algorithm>
#include <cstring>

#include "traces/prev_state.h"
#include "traces/trace_flags.h"

namespace simsched {
namespace {

uint16_t state_number(int64_t number, const TracepointEvents::Place& place) {
  if (number < 0 || number >= kStateIsNumber)
    throw Error(at_offset(place.name, place.offset), "prev_state " + std::to_string(number) + " is none",
                "copy or record it again");
  return static_cast<uint16_t>(number | kStateIsNumber);
}

}  // namespace

bool TracepointEvents::decode(const Tracepoint& point, ByteSpan raw, const Elsewhere& elsewhere, const Place& place,
                              TraceEvent& event) {
  auto pid = [&](const TracepointField& field) { return Pid(static_cast<int32_t>(field.number(raw))); };
  auto cpu = [&](const TracepointField& field) { return CpuId(static_cast<int32_t>(field.number(raw))); };
  event.context = context_of_flags(static_cast<int64_t>(point.flags.number(raw)));
  event.current = pid(point.current);
  event.pid = pid(point.pid);
  if (point.prio.size != 0) event.prio = static_cast<int16_t>(point.prio.number(raw));

  switch (point.kind) {
    case TracepointKind::kSwitch:
      event.kind = TraceKind::kSwitch;
      event.state = state_number(point.value.number(raw), place);
      event.current_prio = static_cast<int16_t>(point.current_prio.number(raw));
      break;
    case TracepointKind::kWakeup:
      if (elsewhere.wakeups) return false;
      [[fallthrough]];
    case TracepointKind::kWaking:
      event.kind = TraceKind::kWaking;
      event.other_cpu = cpu(point.cpu);
      break;
    case TracepointKind::kWakeupNew:
      event.kind = TraceKind::kWakeupNew;
      event.other_cpu = cpu(point.cpu);
      break;
    case TracepointKind::kMigrate:
      event.kind = TraceKind::kMigrate;
      event.other_cpu = cpu(point.cpu);
      event.dest_cpu = cpu(point.dest_cpu);
      break;
    case TracepointKind::kStatRuntime:
      event.kind = TraceKind::kStatRuntime;
      event.value = point.value.number(raw);
      break;
    case TracepointKind::kFork:
      event.kind = TraceKind::kFork;
      break;
    case TracepointKind::kExec:
      if (elsewhere.execs) return false;
      event.kind = TraceKind::kExec;
      break;
    case TracepointKind::kExit:
      if (elsewhere.exits) return false;
      event.kind = TraceKind::kExit;
      break;
    case TracepointKind::kFrequency:
    case TracepointKind::kIdle:
      keep_power(point, raw, place, event.time);
      return false;
  }
  event.name = name(point.comm.text(raw));
  return true;
}

void TracepointEvents::keep_power(const Tracepoint& point, ByteSpan raw, const Place& place, Nanos time) {
  const int64_t cpu = point.cpu.number(raw);
  if (cpu < 0 || cpu >= kMostRecordedCpus)
    throw Error(at_offset(place.name, place.offset), "CPU " + std::to_string(cpu) + " makes no sense",
                "copy or record it again");
  trace_.power.push_back(
      {time, CpuId(static_cast<int32_t>(cpu)), static_cast<uint32_t>(point.value.number(raw)),
       point.kind == TracepointKind::kIdle ? PowerEvent::Kind::kIdle : PowerEvent::Kind::kFrequency});
}

uint32_t TracepointEvents::name(ByteSpan comm) {
  char padded[16] = {};
  std::copy_n(reinterpret_cast<const char*>(comm.data()), std::min<size_t>(comm.size(), 16), padded);
  size_t length = strnlen(padded, 16);
  std::memset(padded + length, 0, 16 - length);  // what follows the NUL is not always cleared
  uint64_t low = 0, high = 0;
  std::memcpy(&low, padded, 8);
  std::memcpy(&high, padded + 8, 8);
  uint64_t hash = (low ^ (high * 0x9e3779b97f4a7c15)) * 0x9e3779b97f4a7c15;
  CachedName& cached = cache_[hash >> 54];
  if (cached.low != low || cached.high != high) cached = {low, high, trace_.intern(std::string(padded, length))};
  return cached.name;
}

}  // namespace simsched

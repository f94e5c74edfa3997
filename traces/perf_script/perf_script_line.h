// One line of scheduler trace text, taken apart.
#pragma once

#include <charconv>
#include <optional>
#include <string_view>

#include "traces/sched_trace.h"

namespace simsched::text {

struct Line {
  std::string_view event;  // without its system: "sched_switch"
  std::string_view rest;   // what the event says
  Pid current;             // none: perf does not know any more (":-1 -1")
  CpuId cpu;
  Nanos time;
  uint8_t context = 0;       // TraceContext bits
  bool has_context = false;  // there is a column of flags
};

// All of
//   make 24556 [001]  5965.453290650: sched:sched_switch: prev_comm=...      perf script, also with -F +misc
//   make 24556   1    5965.453290: sched:sched_switch: prev_comm=...         perf script -L
//   make-24556  [001] d..2.  5965.453290: sched_switch: prev_comm=...        ftrace, trace-cmd report
//   make-24556    1d..2.  5965.453290: sched_switch: prev_comm=...           trace-cmd report -l
//   make-24556    1d..2.  4100us+: sched_switch: prev_comm=...               ftrace, options/latency-format
// Nothing when the line is none of them.
std::optional<Line> parse_line(std::string_view line);

// The number after `key` ("prev_pid=", or a separator); nothing when there is none.
template <class T>
std::optional<T> number_after(std::string_view text, std::string_view key) {
  size_t at = text.find(key);
  if (at == std::string_view::npos) return std::nullopt;
  T value{};
  auto [end, failed] = std::from_chars(text.data() + at + key.size(), text.data() + text.size(), value);
  if (failed != std::errc()) return std::nullopt;
  return value;
}

// "CPU:3 [LOST 5120 EVENTS]" of ftrace, "CPU:3 [5120 EVENTS DROPPED]" of trace-cmd; without a number it is one at
// least.
struct Loss {
  CpuId cpu;
  int64_t events;
};
std::optional<Loss> parse_loss(std::string_view line);

// Whether the line has a whole number where a time should stand, as with trace_clock counter or x86-tsc.
bool has_bare_time(std::string_view line);

}  // namespace simsched::text

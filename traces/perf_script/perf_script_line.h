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
  uint8_t context = 0;     // TraceContext bits
  bool has_context = false;  // there is a column of flags
};

// Both of
//   make 24556 [001]  5965.453290650: sched:sched_switch: prev_comm=...      perf script
//   make-24556  [001] d..2.  5965.453290: sched_switch: prev_comm=...        ftrace, trace-cmd report
// Nothing when the line is neither.
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

// The bits of a state as the tracepoint prints it: "S", "R+", "D|W". Unknown letters are 0.
uint16_t parse_state(std::string_view letters);

}  // namespace simsched::text

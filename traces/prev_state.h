// prev_state of sched_switch as TraceState, whichever kernel numbered it and whichever tool printed it. What is not
// understood is nothing, never "running".
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "traces/odd_events.h"
#include "traces/sched_trace.h"

namespace simsched {

// How kernels number the states (include/linux/sched.h, include/trace/events/sched.h): to 4.1, 4.2 to 4.7, 4.8 to 4.13,
// and since 4.14. The bit that says "preempted" moved each time: 1024, 2048, 4096, 256.
enum class StateCode : uint8_t { kUnknown, kTo41, kTo47, kTo413, kSince414 };

// By the tracepoint's own print format, or by uname's release ("4.9.1"); kUnknown when that does not tell.
StateCode state_code_of_format(std::string_view print_format);
StateCode state_code_of_release(std::string_view release);

std::optional<uint16_t> decode_state(uint32_t number, StateCode code);

// A state in a text: letters ("S", "R+", "D|K"), or a number, decimal or hexadecimal. A number is marked, to be decoded
// when all are known: settle_states().
constexpr uint16_t kStateIsNumber = 0x8000;
std::optional<uint16_t> parse_state(std::string_view text);
// As old versions of libtraceevent's plugin for sched_switch name the bits, whatever the kernel: "W" is 128.
std::optional<uint16_t> parse_plugin_state(std::string_view text);

// Decodes the numbers among the states of switches: by `code`, or when it is unknown by the numbers that occur.
// Switches in a state that is none are taken out and counted in `odd`.
void settle_states(std::vector<std::vector<TraceEvent>>& per_cpu, StateCode code, const std::string& name,
                   OddEvents& odd);

}  // namespace simsched

// common_flags of a tracepoint (enum trace_flag_type, include/linux/trace_events.h, 6.12), of which the context counts.
#pragma once

#include <cstdint>

#include "traces/sched_trace.h"

namespace simsched {

inline constexpr uint32_t kFlagHardIrq = 0x08, kFlagSoftIrq = 0x10;

inline uint8_t context_of_flags(int64_t flags) {
  return static_cast<uint8_t>((flags & kFlagHardIrq ? kHardIrq : 0) | (flags & kFlagSoftIrq ? kSoftIrq : 0));
}
inline uint32_t flags_of_context(uint8_t context) {
  return (context & kHardIrq ? kFlagHardIrq : 0) | (context & kSoftIrq ? kFlagSoftIrq : 0);
}

}  // namespace simsched

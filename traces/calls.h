// The system calls by which programs talk, as a causal recording has them (docs/recording.md).
#pragma once

#include <cstdint>

#include "base/ids.h"
#include "base/units.h"

namespace simsched {

using Pid = Id<struct PidTag>;  // the kernel's pid: a thread; 0 is the idle task of any CPU

enum class CallKind : uint8_t {
  kReceive = 1,  // result: bytes taken, 0 at the end of the stream, or -errno
  kSend,         // result: bytes put in
  kPoll,         // poll, select, epoll_wait: result: how many are ready
  kFutexWait,    // result: 0 or -errno
  kFutexWake,    // result: how many were woken; request: how many it asked for
  kAccept,       // object: the direction to the accepting side
  kConnect,      // object: the same
  kSleep,
  kClose,  // of the last descriptor: the end of the stream `object`
};

enum class CallObject : uint8_t { kNone = 0, kPipe, kUnix, kTcp, kUdp, kEventfd, kFutex };

struct TraceCall {
  Nanos begin, end;  // as TraceEvent::time; end is Nanos::max() when it was still going on at the end
  uint64_t object;   // the same number from both ends of a pipe or of one direction of a socket; means nothing else
  int32_t result, request;
  Pid pid;
  CpuId cpu;  // where it ended
  CallKind kind;
  CallObject type;
  bool nonblocking = false;

  friend bool operator==(const TraceCall&, const TraceCall&) = default;
};

}  // namespace simsched

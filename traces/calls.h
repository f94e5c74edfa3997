// The system calls by which programs talk: what a causal recording has beside the scheduler's events
// (docs/recording.md).
#pragma once

#include <cstdint>

#include "base/ids.h"
#include "base/units.h"

namespace simsched {

using Pid = Id<struct PidTag>;  // the kernel's pid: a thread; 0 is the idle task of any CPU

enum class CallKind : uint8_t {
  kReceive = 1,  // read, recv...; result: bytes, 0 at the end of the stream, or -errno; request: bytes asked for
  kSend,         // write, send...; the same
  kPoll,         // poll, select, epoll_wait that blocked: a wait for any of several, whichever; no object
  kFutexWait,    // request: the operation (FUTEX_WAIT...); result 0 when woken, -EAGAIN when the value had changed
  kFutexWake,    // request: how many may be woken; result: how many were
  kAccept,       // object: the new connection's direction towards the caller
  kConnect,      // object: the direction away from the caller, the same as the accepter's; result 0 or -EINPROGRESS
  kSleep,        // nanosleep; no object
  kClose,        // close, shutdown, dup2 over it: the end of the stream `object`, once for each; request 1: as its
                 // process ended, which is then just before it lets go of its files
  kKill,         // kill, tgkill, tkill of one task that succeeded: request: whom
};

// What `TraceCall::object` is. Both ends of a stream name the same one, and its two directions are two.
enum class CallObject : uint8_t { kNone = 0, kPipe, kUnix, kTcp, kUdp, kEventfd, kFutex };

enum CallFlag : uint8_t {
  kCallNonBlocking = 1,  // O_NONBLOCK or MSG_DONTWAIT
  kCallMessages = 2,     // datagrams: a receive takes one whole
};

struct TraceCall {
  Nanos begin, end;     // since the first event of the trace; end is Nanos::max() when the recording ended before it
  uint64_t object = 0;  // a number for each; 0: none, or not known. The directions of a TCP connection: 2n and 2n + 1
  int32_t result = 0;
  int32_t request = 0;  // -1: not known
  Pid pid;
  CpuId cpu;  // on which it ended
  CallKind kind = CallKind::kReceive;
  CallObject type = CallObject::kNone;
  uint8_t flags = 0;  // CallFlag bits

  friend bool operator==(const TraceCall&, const TraceCall&) = default;
};

}  // namespace simsched

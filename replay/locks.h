// Which futexes are locks, and the locks of the kernel that its users meet. Private to replay/.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "traces/sched_trace.h"

namespace simsched::replay {

struct Locks {
  std::unordered_map<uint64_t, int32_t> of_object;  // TraceCall::object -> lock
  std::vector<std::vector<Pid>> users;              // by lock
};

// The mutex of a pipe is one, which all of its users take for each call (fs/pipe.c). A futex is a lock when those who
// waited for it wake others through it next: whoever got a lock that was waited for gives it on (futex(7), glibc's
// lll_lock). Those who wait for an event do not.
Locks find_locks(const SchedTrace& trace);

}  // namespace simsched::replay

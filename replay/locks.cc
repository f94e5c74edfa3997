#include "replay/locks.h"

#include <algorithm>

namespace simsched::replay {
namespace {

// Of the waits that ended by a wake: a lock that is stolen on the way is waited for again.
constexpr uint64_t kGivenOnPercent = 66;
constexpr size_t kMostUsers = 1 << 16;  // Op::slot

struct Futex {
  uint64_t waits = 0, given_on = 0;
  std::unordered_map<int32_t, bool> got;  // by user: it waited, and has not woken anybody since
};

}  // namespace

Locks find_locks(const SchedTrace& trace) {
  std::unordered_map<uint64_t, Futex> futexes;
  for (const TraceCall& call : trace.calls) {
    if (call.object == 0) continue;
    if (call.type == CallObject::kPipe) futexes[call.object].got[call.pid.value()] = false;
    if (call.type != CallObject::kFutex) continue;
    if (call.kind == CallKind::kFutexWait) {
      Futex& futex = futexes[call.object];
      futex.waits += call.result == 0;
      futex.got[call.pid.value()] |= call.result == 0;
    } else if (call.kind == CallKind::kFutexWake) {
      Futex& futex = futexes[call.object];
      bool& got = futex.got[call.pid.value()];
      futex.given_on += got;
      got = false;
    }
  }
  Locks locks;
  for (const TraceCall& call : trace.calls) {  // numbered in the order of the recording
    if (locks.of_object.contains(call.object)) continue;
    auto found = futexes.find(call.object);
    if (found == futexes.end()) continue;
    const Futex& futex = found->second;
    bool given_on = futex.given_on > 0 && futex.given_on * 100 >= futex.waits * kGivenOnPercent;
    if ((call.type != CallObject::kPipe && !given_on) || futex.got.size() > kMostUsers) continue;
    locks.of_object.emplace(call.object, static_cast<int32_t>(locks.users.size()));
    std::vector<Pid>& users = locks.users.emplace_back();
    for (const auto& [pid, got] : futex.got) users.emplace_back(pid);
    std::sort(users.begin(), users.end());
  }
  return locks;
}

}  // namespace simsched::replay

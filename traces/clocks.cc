#include "traces/clocks.h"

#include <algorithm>
#include <map>
#include <unordered_map>
#include <utility>

namespace simsched {
namespace {

// Texts are exact to a microsecond: less than two is no difference.
constexpr int64_t kExact = 2000;
// A waking that was lost looks like a difference of clocks, once or twice, and larger than clocks differ.
constexpr size_t kMinConflicts = 8;
constexpr Nanos kRace = 50_us;
constexpr int64_t kLargest = 100'000'000;

constexpr uint16_t kAsleep =
    kStateInterruptible | kStateUninterruptible | kStateStopped | kStateTraced | kStateParked | kStateIdle;

struct Task {
  bool asleep = false;
  Nanos woken{0};
  CpuId waker;    // none: not woken since it slept
  Nanos early{0};  // woken while it had not slept yet, on
  CpuId early_waker;
  Nanos came{0};  // it runs without having been woken, on
  CpuId came_to;
};

// Wake-ups from one CPU that a task on another answered: how long that took, by the two clocks.
struct Passing {
  std::vector<int64_t> took;
  size_t conflicts = 0;

  // Near the least, but not one that something lost has made.
  int64_t least() {
    if (took.empty()) return kLargest;
    auto low = took.begin() + static_cast<std::ptrdiff_t>(took.size() / 16);
    std::nth_element(took.begin(), low, took.end());
    return *low;
  }
};

}  // namespace

void check_clocks(SchedTrace& trace) {
  std::unordered_map<int32_t, Task> tasks;
  std::map<std::pair<CpuId, CpuId>, Passing> passings;  // waker's CPU, then the task's
  for (const TraceEvent& event : trace.events) {
    if (event.kind == TraceKind::kWaking) {
      Task& task = tasks[event.pid.value()];
      if (task.came_to.valid() && task.came_to != event.cpu) {
        Passing& passing = passings[{event.cpu, task.came_to}];
        int64_t before = (event.time - task.came).count();
        if (before >= kExact && before < kLargest) {
          passing.took.push_back(-before);
          ++passing.conflicts;
        }
      } else if (task.asleep && !task.waker.valid()) {
        task.woken = event.time;
        task.waker = event.cpu;
      } else if (!task.asleep) {
        task.early = event.time;
        task.early_waker = event.cpu;
      }
      task.came_to = CpuId();
    } else if (event.kind == TraceKind::kSwitch) {
      if (event.current.value() > 0) {
        Task& left = tasks[event.current.value()];
        left.asleep = (event.state & kAsleep) != 0;
        left.waker = left.came_to = CpuId();
        // The waker found it off the queue shortly before its switch: that was its wake-up.
        if (left.early_waker.valid() && event.time - left.early < kRace) left.waker = left.early_waker;
        left.woken = event.time;
        left.early_waker = CpuId();
      }
      if (event.pid.value() <= 0) continue;
      Task& task = tasks[event.pid.value()];
      if (task.asleep && !task.waker.valid()) {
        task.came = event.time;
        task.came_to = event.cpu;
      } else if (task.asleep && task.waker != event.cpu) {
        passings[{task.waker, event.cpu}].took.push_back((event.time - task.woken).count());
      }
      task.asleep = false;
    }
  }

  int64_t largest = 0;
  std::pair<CpuId, CpuId> most;
  for (auto& [cpus, passing] : passings) {
    // A wake of a task that runs already is rare, and no conflict; by clocks that disagree all wakes come too late but
    // those that take longer than that.
    if (passing.conflicts < kMinConflicts || passing.conflicts < passing.took.size() / 2) continue;
    trace.holes.clock_conflicts += passing.conflicts;
    // What passes both ways takes the real time longer and shorter by the difference of the clocks.
    auto back = passings.find({cpus.second, cpus.first});
    int64_t there = passing.least(), here = back != passings.end() ? back->second.least() : kLargest;
    int64_t ahead = here == kLargest ? -there : (here - there) / 2;
    if (ahead <= largest) continue;
    largest = ahead;
    most = cpus;
  }
  if (largest == 0) return;
  trace.notes.push_back("the clocks of CPUs disagree: that of CPU " + std::to_string(most.first.value()) +
                        " is about " + std::to_string(largest / 1000) + " us ahead of that of CPU " +
                        std::to_string(most.second.value()) + ", so that " +
                        std::to_string(trace.holes.clock_conflicts) +
                        " wake-ups come after their task has run; record with one clock for all CPUs: perf record -k "
                        "mono, trace-cmd record -C mono");
}

}  // namespace simsched

// The accounting identity: where every nanosecond of a task's life went, exactly. lifetime = the sum over all causes,
// and of a CPU: time = task + overhead + irq + idle. Checked at the end of every simulation.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/units.h"
#include "sim/results.h"

namespace simsched {

// Where the time of a cause lies in a task's life.
enum class Where : uint8_t { kBlocked, kWaiting, kOnCpu };

// A cause is one row: its name here and in results, where its time lies, and the time in which a task ... All else
// follows from it. In the order of a task's life; those that every wake-up touches come first.
#define SIMSCHED_CAUSES(ROW)                                                                                    \
  ROW(kBlockedSleep, kBlocked, "blocked_sleep_ns", "slept")                                                     \
  ROW(kBlockedIo, kBlocked, "blocked_io_ns", "waited for I/O")                                                  \
  ROW(kBlockedToken, kBlocked, "blocked_token_ns", "waited for another task")                                   \
  ROW(kBlockedChild, kBlocked, "blocked_child_ns", "waited for a child")                                        \
  ROW(kBlockedIdle, kBlocked, "blocked_idle_ns", "waited for work as an idle kernel thread")                    \
  ROW(kWait, kWaiting, "wait_ns", "could run and waited for a CPU")                                             \
  ROW(kThrottled, kWaiting, "throttled_ns", "could run, but had used up its budget, or its group its quota")    \
  ROW(kOverhead, kOnCpu, "overhead_ns",                                                                         \
      "was switched to, or stood still while its CPU computed for the scheduler or spun in the kernel for it")  \
  ROW(kIrq, kOnCpu, "irq_ns", "stood still while its CPU handled interrupts")                                   \
  ROW(kWork, kOnCpu, "work_ns", "did its work, as on the fastest core alone")                                   \
  ROW(kRefill, kOnCpu, "refill_ns", "filled caches again after a migration")                                    \
  ROW(kCapacity, kOnCpu, "slowdown_capacity_ns", "took longer, because the core is slower")                     \
  ROW(kFrequency, kOnCpu, "slowdown_frequency_ns", "took longer, because the core ran below its top frequency") \
  ROW(kSmt, kOnCpu, "slowdown_smt_ns", "took longer, because a hardware thread of the same core was busy")      \
  ROW(kMemory, kOnCpu, "slowdown_memory_ns", "took longer, because its memory was far away or its link busy")

enum class Cause : uint8_t {
#define SIMSCHED_ROW(cause, where, name, help) cause,
  SIMSCHED_CAUSES(SIMSCHED_ROW)
#undef SIMSCHED_ROW
};

struct CauseInfo {
  Where where;
  const char* name;
  const char* help;
};
inline constexpr CauseInfo kCauses[] = {
#define SIMSCHED_ROW(cause, where, name, help) {Where::where, name, help},
    SIMSCHED_CAUSES(SIMSCHED_ROW)
#undef SIMSCHED_ROW
};
inline constexpr size_t kNrCauses = std::size(kCauses);

// Time of one task, or of several, by cause.
class TaskTime {
 public:
  Nanos& operator[](Cause cause) { return by_[static_cast<size_t>(cause)]; }
  Nanos operator[](Cause cause) const { return by_[static_cast<size_t>(cause)]; }
  Nanos on_cpu() const {
    Nanos sum;
    for (size_t i = 0; i < kNrCauses; ++i)
      if (kCauses[i].where == Where::kOnCpu) sum += by_[i];
    return sum;
  }
  Nanos total() const;
  TaskTime& operator+=(const TaskTime& other);
  NamedNanos named() const;  // a row a cause, then lifetime_ns: the sum

  friend bool operator==(const TaskTime&, const TaskTime&) = default;

 private:
  std::array<Nanos, kNrCauses> by_{};
};

struct CpuTime {
  Nanos task, overhead, irq, idle;
  Nanos busy() const { return task + overhead + irq; }
  Nanos total() const { return busy() + idle; }
};

}  // namespace simsched

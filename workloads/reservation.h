// What a SCHED_DEADLINE task asks for, and what the kernel says to that (kernel/sched/deadline.c of Linux 6.12).
#pragma once

#include <cstdint>
#include <string>

#include "base/units.h"

namespace simsched {

// `runtime` of CPU time within `deadline` from the begin of each period.
struct Reservation {
  Nanos runtime, deadline, period;
  std::string where{};  // file and line; empty: nobody wrote it

  friend bool operator==(const Reservation&, const Reservation&) = default;
};

// Shares of a CPU are fixed-point numbers: of 1 << kBandwidthShift (BW_SHIFT).
inline constexpr int kBandwidthShift = 20;
constexpr int64_t bandwidth(Nanos runtime, Nanos period) {  // to_ratio()
  return (runtime.count() << kBandwidthShift) / period.count();
}

// What is wrong with it (__checkparam_dl()); "" when nothing is.
std::string reservation_problem(const Reservation& reservation);
// "10ms in 100ms", with the deadline where that is another.
std::string reservation_text(const Reservation& reservation);

// Deadline tasks that ask for `total` in all, on CPUs of `capacity` in all (1024 a fast one) of which from 6.12 on
// `servers` have a deadline server: whether that is more than sched_rt_runtime_us of sched_rt_period_us, 95 %, allow
// (__dl_overflow()).
bool exceeds_bandwidth(int64_t total, int64_t capacity, size_t servers);

}  // namespace simsched

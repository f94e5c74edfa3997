// Time in the guest: seconds are its own, which may pass slower or faster than ours.
#pragma once

#include <time.h>

#include <cstdint>

namespace simsched::guest {

inline int64_t clock_ns(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

inline void sleep_ms(int64_t ms) {
  const timespec time{ms / 1000, ms % 1000 * 1'000'000};
  nanosleep(&time, nullptr);
}

// Until this thread has had so much CPU time.
inline void compute(int64_t ns) {
  const int64_t end = clock_ns(CLOCK_THREAD_CPUTIME_ID) + ns;
  while (clock_ns(CLOCK_THREAD_CPUTIME_ID) < end) {
  }
}

// Waits until `condition` holds; false: it did not within so many seconds.
template <class Condition>
bool until(int64_t seconds, Condition condition) {
  const int64_t end = clock_ns(CLOCK_MONOTONIC) + seconds * 1'000'000'000;
  while (!condition()) {
    if (clock_ns(CLOCK_MONOTONIC) >= end) return false;
    sleep_ms(20);
  }
  return true;
}

}  // namespace simsched::guest

// In which idle state a CPU sleeps: what the governors menu and teo know of it, and how they choose.
// Modelled on drivers/cpuidle/governors/{menu,teo}.c, Linux 6.12.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/units.h"
#include "topology/core_type.h"

namespace simsched {

// What there is to know when a CPU goes idle.
struct IdleOutlook {
  Nanos sleep_length;  // until its next timer, the tick left out
  Nanos next_tick;     // until its tick, if that goes on, or the timer before it
  Nanos tick;          // its period
  bool tick_stopped = false;
};

struct IdleChoice {
  size_t state = 0;
  bool stop_tick = true;
};

// How a stretch of idleness ended.
struct IdleEnd {
  Nanos residency;
  bool by_tick = false;
};

class MenuGovernor {
 public:
  MenuGovernor() { correction_.fill(kUnity); }
  IdleChoice select(const std::vector<IdleState>& states, const IdleOutlook& outlook);
  void reflect(const std::vector<IdleState>& states, size_t state, const IdleOutlook& outlook, const IdleEnd& end);

 private:
  static constexpr size_t kIntervals = 8, kBuckets = 6;
  static constexpr int64_t kResolution = 1024, kDecay = 8, kUnity = kResolution * kDecay;

  int64_t typical_interval_us() const;
  static size_t bucket_of(Nanos length);

  std::array<int64_t, kBuckets> correction_{};  // measured of expected sleep, of kUnity
  std::array<int64_t, kIntervals> intervals_us_{};
  Nanos next_timer_ = Nanos::max();
  size_t bucket_ = 0, next_interval_ = 0;
};

class TeoGovernor {
 public:
  IdleChoice select(const std::vector<IdleState>& states, const IdleOutlook& outlook);
  void reflect(const std::vector<IdleState>& states, size_t state, const IdleEnd& end);

 private:
  struct Bin {
    uint32_t hits = 0, intercepts = 0;  // how often the timer woke it after so long; something before the timer
  };
  std::array<Bin, kMaxIdleStates> bins_{};
  uint32_t total_ = 0;
  Nanos sleep_length_ = Nanos::max();
};

// Of a CPU.
struct CpuSleep {
  MenuGovernor menu;
  TeoGovernor teo;
  IdleOutlook outlook;  // at the choice
  Nanos entered;
  size_t state = 0;
  bool tick_stopped = false, sleeps = false;
  std::array<Nanos, kMaxIdleStates> time{};  // in each state, so far
  std::array<uint64_t, kMaxIdleStates> entries{};
  std::vector<Nanos> timers;  // of its sleeping tasks: a heap with the earliest in front; some may be over
};

}  // namespace simsched

// CounterTrack: a figure over time, beside the events of a trace.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/units.h"

namespace simsched {

struct CounterTrack {
  // What the kernel has tracepoints for is told by those: cpu_frequency in kHz, cpu_idle in states, of a CPU.
  enum class Kind : uint8_t { kNamed, kFrequency, kIdle };
  static constexpr int64_t kNotIdle = 0xffffffff;  // PWR_EVENT_EXIT

  struct Sample {
    Nanos time;
    int64_t value;
  };
  Kind kind = Kind::kNamed;
  CpuId cpu;         // of the other kinds
  std::string name;  // of kNamed: its own track ("cpu0 nr_running")
  std::vector<Sample> samples;

  // One sample an instant, and only where it changes.
  void add(Nanos time, int64_t value) {
    if (!samples.empty() && samples.back().time == time) samples.pop_back();
    if (samples.empty() || samples.back().value != value) samples.push_back({time, value});
  }
};

}  // namespace simsched

// How far a CPU gets while a recording runs: time, of which less counts where it was slower than alone at its top
// frequency. Private to replay/.
#pragma once

#include <vector>

#include "topology/machine.h"
#include "traces/sched_trace.h"

namespace simsched::replay {

// A CPU was slower at a lower frequency, as the recording tells, and while another thread of its core was busy. What is
// not known to be slower is not.
class Pace {
 public:
  Pace(const SchedTrace& trace, const Machine& machine);

  // Events of frequencies up to `now`, which never falls.
  void advance(Nanos now);
  // Something runs on the CPU from now on, or nothing.
  void set_busy(CpuId cpu, bool busy, Nanos now);
  // The time at the CPU's top speed in which as much could have been done as until `now`. Not before the last change.
  Nanos clock(CpuId cpu, Nanos now) const;

 private:
  static constexpr int kShift = 20;
  static constexpr int64_t kFull = int64_t{1} << kShift;

  struct Cpu {
    Nanos clock{0}, since{0};   // up to the last change, and when that was
    int64_t frequency = kFull;  // of the top one
    bool busy = false;
    bool beside_busy = false;  // another thread of its core is busy
  };

  int64_t share(const Cpu& cpu) const {
    return cpu.beside_busy ? cpu.frequency * smt_share_ / kCapacityScale : cpu.frequency;
  }
  int64_t frequency_share(CpuId cpu, int64_t khz) const;
  void settle(Cpu& cpu, Nanos now) const;

  const SchedTrace& trace_;
  const Machine& machine_;
  const int64_t smt_share_;
  std::vector<Cpu> cpus_;
  std::vector<int64_t> top_khz_;  // by CPU
  size_t next_ = 0;               // of SchedTrace::power
};

}  // namespace simsched::replay

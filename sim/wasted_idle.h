// Idle time that could have been used: CPUs idle while tasks that could run there wait for another. At any time that is
// min(CPUs that idle, tasks that wait), added up over time; a task that waits is one that could run and does not.
//
// A CPU that is about to leave its idle state is not idle any more, and takes one of the tasks that wait. Tasks that
// may run anywhere are counted by place, which tells how far from its task the idle CPU was; tasks confined to some
// CPUs are matched with those CPUs. One that is bound to its CPU could run nowhere else, and wastes nothing.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/cpu_set.h"
#include "base/ids.h"
#include "base/units.h"
#include "topology/machine.h"

namespace simsched {

// CPU time. `all` is of the tasks that may run anywhere and of the confined ones; the others are of the former alone.
struct WastedTime {
  Nanos all;
  Nanos llc;     // within an LLC: idle CPUs and tasks that wait behind the same
  Nanos node;    // within a NUMA node, and not within an LLC of it
  Nanos remote;  // the task waits on another node
};

class WastedIdle {
 public:
  enum class Use : uint8_t { kNone, kIdle, kLeaving };  // kNone: busy, or offline

  // `affinities`: by AffinityId, [0] the CPUs that are online. Nobody idles or waits.
  void reset(const Machine& machine, const std::vector<CpuSet>& affinities);

  void cpu_is(Nanos now, CpuId cpu, Use use) { change(now, cpu, use, 0); }
  // One more (1) or less (-1) waits on `cpu`.
  void task_waits(Nanos now, CpuId cpu, AffinityId affinity, int by) {
    change(now, cpu, use_[cpu.index()], elsewhere(now, affinity, by));
  }
  // Both at once, for a switch: `waiting` more tasks that may run anywhere.
  void change(Nanos now, CpuId cpu, Use use, int waiting);
  // The part of task_waits() that is not of the task's own place; answers what is.
  int elsewhere(Nanos now, AffinityId affinity, int by) {
    return affinity.value() == 0 || masks_[affinity.index()] == kAnywhere ? by : confined(now, affinity, by);
  }

  // Of what counts now. For a check: the same as of one that is told all anew.
  bool operator==(const WastedIdle& other) const { return places_ == other.places_ && use_ == other.use_; }
  WastedTime until(Nanos now) const;
  // Takes over what `before` has added up until now.
  void go_on_from(const WastedIdle& before, Nanos now) {
    sum_ = before.until(now);
    since_ = now;
  }

 private:
  struct Place {
    int32_t idle = 0, waiting = 0;
    int32_t wasted() const { return idle < waiting ? idle : waiting < 0 ? 0 : waiting; }
    bool operator==(const Place&) const = default;
  };
  enum Level : uint8_t { kLlc, kNode, kMachine, kNrLevels };
  static constexpr uint32_t kAnywhere = 0, kNowhere = ~0u;

  void account(Nanos now);
  int confined(Nanos now, AffinityId affinity, int by);
  int add(uint32_t place, int64_t& wasted, int idle, int waiting);  // by how many more tasks wait there

  std::vector<Place> places_;                            // the machine, nodes, LLCs, masks
  std::vector<std::array<uint32_t, kNrLevels>> of_cpu_;  // places of each CPU
  std::vector<std::vector<uint32_t>> masks_of_cpu_;      // and the masks that it is in
  std::vector<uint32_t> masks_;                          // by AffinityId: its place; kAnywhere, kNowhere
  std::vector<Use> use_;                                 // by CPU
  std::array<int64_t, kNrLevels> wasted_{};              // by level, all its places together
  int64_t confined_ = 0;                                 // and of the masks
  Nanos since_;
  WastedTime sum_;
};

}  // namespace simsched

// Decisions of a simulation, as a learned policy would see them (ml/model/features.h).
#pragma once

#include <array>
#include <vector>

#include "ml/data/dataset.h"
#include "sim/move_observer.h"

namespace simsched::ml {

struct Collected {
  std::array<bool, 4> sites = {true, true, true, true};  // by MoveSite
  bool queues_of_llcs = false;  // a queue is that of a last-level cache's CPUs, as for policies that have one each
};

// A task that was placed where it was, although another of its CPUs was idle, stayed: that CPU is what it did not go
// to, the nearest, of these the first. Where none was idle there was nothing to decide, nor for a task of one CPU.
class Collector : public MoveObserver {
 public:
  Collector(const Collected& what, Origin origin) : what_(what) { data_.origins = {std::move(origin)}; }
  // Throws Error when there are more than a dataset holds.
  void decided(const Kernel& kernel, const MoveDecision& decision) override;
  Dataset take() { return std::move(data_); }

 private:
  // What is known of a task so far.
  struct History {
    Nanos average_run, ran_before, slept;
    bool woken = false;  // and has not run since
    NodeId first_node;
  };
  void follow(const Kernel& kernel, const MoveDecision& decision);
  mlp::Features features(const Kernel& kernel, const MoveDecision& decision, CpuId dst) const;
  uint64_t queue(const Kernel& kernel, CpuId cpu) const;

  const Collected what_;
  std::vector<History> history_;  // by task
  Dataset data_;
};

}  // namespace simsched::ml

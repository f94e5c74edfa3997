// Which of several frozen models decides, learned while they do: multiplicative weights over models and the heuristic.
// What an epoch cost is measured for the one that decided in it, and held against what epochs cost lately; the weight
// of who did worse falls, of who did better rises, and all are forgotten slowly, so that a change of load is noticed.
// Each is tried now and then. When what the models do is worse than the heuristic, all weights go, and the heuristic
// decides for a while. In integers: the same in a simulation and in a kernel.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/rng.h"
#include "base/units.h"

namespace simsched::rusty_ml {

// What was measured in one epoch, of all tasks.
struct Toll {
  Nanos ran{0};     // on CPUs
  Nanos waited{0};  // for one
  Nanos moving{0};  // lost with the caches that were left behind
  // The wait that 1 % exceed, as feature_log() has it, in 1/256ths of its step.
  int64_t tail = 0;
};

class Experts {
 public:
  static constexpr size_t kMost = 8;  // models
  static constexpr size_t kHeuristic = 0;

  struct Settings {
    int64_t explore_permille = 100;  // of all epochs: anyone, by chance
    int64_t drift_permille = 50;     // so much worse than the heuristic is too much
    int64_t patience = 8;            // epochs of each before that is judged
    int64_t hold = 16;               // epochs that the heuristic then has; twice as many each time, up to eightfold
  };

  // Who there are: the heuristic, 0, and `models` others.
  Experts(size_t models, const Settings& settings);

  size_t models() const { return arms_.size() - 1; }
  size_t current() const { return current_; }  // whose epoch it is
  // It ends. An epoch in which hardly anything ran teaches nothing.
  void end_epoch(const Toll& toll);

  int64_t epochs() const { return epochs_; }
  int64_t reverts() const { return reverts_; }
  int64_t epochs_of(size_t arm) const { return arms_[arm].epochs; }

 private:
  static constexpr int64_t kOne = 1 << 16;  // of weights, costs, chances

  struct Arm {
    int64_t log_weight = 0;  // in octaves
    int64_t epochs = 0;
  };
  // A mean of the last epochs.
  struct Mean {
    int64_t cost = 0, tail = 0, count = 0;
    void add(int64_t cost, int64_t tail);
  };

  std::vector<int64_t> chances() const;
  void learn(int64_t cost);
  bool drifted() const;
  void begin_again();

  Settings settings_;
  std::vector<Arm> arms_;
  Rng rng_{1};
  size_t current_ = kHeuristic;
  int64_t usual_ = 0;  // cost of an epoch, lately
  int64_t held_ = 0;   // epochs that the heuristic has still
  int64_t next_hold_;
  Mean heuristic_, others_;
  int64_t epochs_ = 0, reverts_ = 0;
};

}  // namespace simsched::rusty_ml

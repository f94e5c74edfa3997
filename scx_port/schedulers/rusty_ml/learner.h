// Has one of several models decide at a time, epoch by epoch: reads what the BPF half says of an epoch, has Experts
// choose, and makes the choice the active slot. The models lie in the slots 1, 2, ... from the start, and nothing in
// slot 0: no model, and scx_rusty decides.
#pragma once

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "scx_port/schedulers/rusty_ml/experts.h"
#include "scx_port/schedulers/rusty_ml/rusty_ml.h"
#include "scx_port/schedulers/user_half.h"

namespace simsched::rusty_ml {

class Learner {
 public:
  Learner(size_t models, const Experts::Settings& settings, Nanos epoch) : experts_(models, settings), epoch_(epoch) {}

  void start(UserHost& host);
  Nanos next() const { return next_; }
  void run(UserHost& host);

  size_t current() const { return experts_.current(); }
  void add_counters(std::vector<std::pair<std::string, int64_t>>& counters) const;

 private:
  Experts experts_;
  Nanos epoch_;
  Nanos next_ = Nanos::max();
  rusty_ml_toll paid_{};  // when the epoch began
};

// What was paid between two readings. A move costs what the machine says of its relation, by that.
Toll toll_between(const rusty_ml_toll& before, const rusty_ml_toll& after,
                  const std::array<Nanos, TOLL_RELATIONS>& move_cost);
std::array<Nanos, TOLL_RELATIONS> move_costs(const Machine& machine);

}  // namespace simsched::rusty_ml

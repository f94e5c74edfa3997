// The load balancer's decision: which tasks are to change their domain. First between nodes, then between the domains
// of each node; always from the most loaded to the least loaded.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "scx_port/schedulers/rusty/fixed.h"

namespace simsched::rusty {

// A task that may be moved.
struct Candidate {
  int32_t pid = 0;
  uint64_t id = 0;
  Load load = 0;
  uint64_t dom_mask = 0;            // where it may run
  uint64_t preferred_dom_mask = 0;  // ... where its memory is
  bool is_kworker = false;
  bool requested = false;  // an earlier round's request for it still waits
  bool migrated = false;   // in this round
};

struct Move {
  int32_t pid;
  uint64_t id;
  uint32_t from, to;
  Load load;
  bool real;  // the task is to move; false: its load moved in the books only
};

// What is known of a move that the rules have chosen, for a judge.
struct Proposal {
  const Candidate& task;
  uint32_t from, to;
  Load push_load, pull_load;    // of the two domains
  Load push_imbal, pull_imbal;  // of the two nodes or domains; the first is positive, the second negative
};
class Judge {
 public:
  virtual ~Judge() = default;
  virtual bool migrate(const Proposal& proposal) = 0;
};

struct BalanceParams {
  bool skip_kworkers = false;
  // The behaviour of the MLLB branch of 2024. The verdict (without a judge: no, for a model that was asked for exactly
  // 1.0) only marks the task as moved; its load moves in the books whatever the verdict; being unmarked it is chosen
  // again; and as a second request for a task fails, a pair of domains moves one task at most in a round.
  bool phantom = false;
  Judge* judge = nullptr;  // when not phantom: must agree to each move, else the next best is tried
};

// Limits, of the level's mean load: an imbalance that is less is left alone.
constexpr int64_t kNodeLimitPercent = 17, kDomainLimitPercent = 5;

// More or less load than the target. All in the same unit.
struct Level {
  Load load = 0, target = 0;
  int64_t limit_percent = 0;

  Load imbal() const { return load - target; }
  bool needs_push() const { return beyond(imbal()); }
  bool needs_pull() const { return beyond(-imbal()); }
  // Half the imbalance: no more moves are begun when that much has moved.
  Load cutoff() const { return (imbal() < 0 ? -imbal() : imbal()) / 2; }

 private:
  bool beyond(Load excess) const { return excess > 0 && Wide{excess} * 100 > Wide{target} * limit_percent; }
};

// The load that would be best to move, and the task that comes nearest to it: of the greatest load not above it and the
// least above it the one that leaves the smaller imbalance. -1: none, or it would be greater than it is now.
Load wanted_transfer(Load push_imbal, Load pull_imbal);
int64_t choose_task(const std::vector<Candidate>& by_load, Load push_imbal, Load pull_imbal,
                    const std::function<bool(const Candidate&)>& may_move);

// Tasks of a domain, in any order; asked once for each domain, and only when they matter.
using CandidateSource = std::function<std::vector<Candidate>(uint32_t domain)>;

// `nodes`: by domain. The moves in the order they were decided.
std::vector<Move> plan_moves(const std::vector<Load>& loads, const std::vector<uint32_t>& nodes,
                             const CandidateSource& candidates, const BalanceParams& params);

}  // namespace simsched::rusty

#include "scx_port/schedulers/rusty/balance.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

namespace simsched::rusty {
namespace {

Load magnitude(Load v) { return v < 0 ? -v : v; }
Load imbalance_after(Load push_imbal, Load pull_imbal, Load moved) {
  return magnitude(push_imbal - moved) + magnitude(pull_imbal + moved);
}

class Planner {
 public:
  Planner(const std::vector<Load>& loads, const std::vector<uint32_t>& node_of, const CandidateSource& source,
          const BalanceParams& params)
      : source_(source), params_(params) {
    Load total = 0;
    for (Load load : loads) total += load;
    std::set<uint32_t> node_ids(node_of.begin(), node_of.end());
    for (uint32_t id : node_ids) {
      Node node{{0, total / static_cast<Load>(node_ids.size()), kNodeLimitPercent}, {}};
      for (uint32_t d = 0; d < loads.size(); ++d)
        if (node_of[d] == id) {
          node.domains.push_back(d);
          node.level.load += loads[d];
        }
      nodes_.push_back(std::move(node));
    }
    for (Load load : loads)
      domains_.push_back({{load, total / static_cast<Load>(loads.size()), kDomainLimitPercent}, {}, false});
  }

  std::vector<Move> run() {
    if (nodes_.size() > 1) between_nodes();
    for (Node& node : nodes_)
      if (node.domains.size() > 1) between_domains(node);
    return std::move(moves_);
  }

 private:
  struct Node {
    Level level;
    std::vector<uint32_t> domains;
  };
  struct Domain {
    Level level;
    std::vector<Candidate> tasks;  // by load, then pid
    bool asked;
  };

  Level& level(size_t domain) { return domains_[domain].level; }

  // Ties in the order of numbers, so that the same loads give the same plan.
  template <class Get>
  static std::vector<uint32_t> sorted(std::vector<uint32_t> ids, bool most_first, Get load) {
    std::ranges::sort(ids, [&](uint32_t a, uint32_t b) {
      Load x = load(a), y = load(b);
      return x != y ? (most_first ? x > y : x < y) : a < b;
    });
    return ids;
  }
  std::vector<uint32_t> domains_by_load(const Node& node, bool most_first) {
    return sorted(node.domains, most_first, [this](uint32_t d) { return level(d).load; });
  }
  std::vector<uint32_t> nodes_by_load(bool most_first) {
    std::vector<uint32_t> ids(nodes_.size());
    for (uint32_t i = 0; i < ids.size(); ++i) ids[i] = i;
    return sorted(std::move(ids), most_first, [this](uint32_t n) { return nodes_[n].level.load; });
  }

  void between_nodes() {
    for (uint32_t push : nodes_by_load(true)) {
      Level& pusher = nodes_[push].level;
      if (!pusher.needs_push()) break;
      Load cutoff = pusher.cutoff(), pushed = 0;
      for (uint32_t pull : nodes_by_load(false)) {
        Level& puller = nodes_[pull].level;
        if (pull == push || pushed >= cutoff || !puller.needs_pull()) break;
        Load pull_cutoff = puller.cutoff(), pulled = 0;
        while (pushed < cutoff && pulled < pull_cutoff && puller.needs_pull()) {
          Load moved = move_between(nodes_[push], nodes_[pull]);
          if (moved == 0) break;
          pushed += moved;
          pulled += moved;
        }
      }
    }
  }

  // One task, from the most loaded domain that has a suitable one.
  Load move_between(Node& push, Node& pull) {
    Load push_imbal = push.level.imbal(), pull_imbal = pull.level.imbal();
    if (push_imbal <= 0 || pull_imbal >= 0) return 0;
    for (uint32_t from : domains_by_load(push, true))
      for (uint32_t to : domains_by_load(pull, false))
        if (Load moved = move_one(from, to, push_imbal, pull_imbal)) {
          push.level.load -= moved;
          pull.level.load += moved;
          return moved;
        }
    return 0;
  }

  void between_domains(Node& node) {
    for (uint32_t push : domains_by_load(node, true)) {
      if (!level(push).needs_push()) break;
      Load push_imbal = level(push).imbal(), cutoff = level(push).cutoff(), pushed = 0;
      for (uint32_t pull : domains_by_load(node, false)) {
        if (pull == push || pushed >= cutoff || !level(pull).needs_pull()) break;
        Load pull_cutoff = level(pull).cutoff(), pulled = 0;
        while (pushed < cutoff && pulled < pull_cutoff && level(pull).needs_pull()) {
          // The imbalance of the pushing domain is not brought up to date in between; so it is in the original.
          Load moved = move_one(push, pull, push_imbal, level(pull).imbal());
          if (moved == 0) break;
          pushed += moved;
          pulled += moved;
        }
      }
    }
  }

  std::vector<Candidate>& tasks(uint32_t domain) {
    Domain& d = domains_[domain];
    if (!std::exchange(d.asked, true)) {
      d.tasks = source_(domain);
      std::ranges::sort(d.tasks, {}, [](const Candidate& c) { return std::pair(c.load, c.pid); });
    }
    return d.tasks;
  }

  // Tasks whose memory is there first. The load moved; 0: none.
  Load move_one(uint32_t from, uint32_t to, Load push_imbal, Load pull_imbal) {
    std::vector<Candidate>& list = tasks(from);
    std::set<int32_t> refused;
    for (bool preferring : {true, false}) {
      auto may_move = [&](const Candidate& c) {
        return !c.migrated && c.load > 0 && c.dom_mask >> to & 1 && !(params_.skip_kworkers && c.is_kworker) &&
               (params_.phantom || !c.requested) && (!preferring || c.preferred_dom_mask >> to & 1) &&
               !refused.contains(c.pid);
      };
      for (int64_t at; (at = choose_task(list, push_imbal, pull_imbal, may_move)) >= 0;) {
        Candidate& task = list[static_cast<size_t>(at)];
        bool verdict = !params_.phantom;
        if (params_.judge)
          verdict = params_.judge->migrate({task, from, to, level(from).load, level(to).load, push_imbal, pull_imbal});
        if (verdict || params_.phantom) return move(task, from, to, verdict);
        refused.insert(task.pid);
      }
    }
    return 0;
  }

  Load move(Candidate& task, uint32_t from, uint32_t to, bool verdict) {
    bool real = !task.requested;
    if (params_.phantom) real = real && pairs_.insert({from, to}).second;
    task.requested = task.requested || real;
    task.migrated = verdict;
    level(from).load -= task.load;
    level(to).load += task.load;
    moves_.push_back({task.pid, task.id, from, to, task.load, real});
    return task.load;
  }

  const CandidateSource& source_;
  const BalanceParams& params_;
  std::vector<Node> nodes_;
  std::vector<Domain> domains_;
  std::set<std::pair<uint32_t, uint32_t>> pairs_;  // that have moved a task in this round
  std::vector<Move> moves_;
};

}  // namespace

Load wanted_transfer(Load push_imbal, Load pull_imbal) {
  return std::min(magnitude(push_imbal), magnitude(pull_imbal)) / 2;
}

int64_t choose_task(const std::vector<Candidate>& by_load, Load push_imbal, Load pull_imbal,
                    const std::function<bool(const Candidate&)>& may_move) {
  Load wanted = wanted_transfer(push_imbal, pull_imbal);
  auto split = std::ranges::upper_bound(by_load, wanted, {}, &Candidate::load) - by_load.begin();
  int64_t below = split - 1, above = split, size = std::ssize(by_load);
  while (below >= 0 && !may_move(by_load[static_cast<size_t>(below)])) --below;
  while (above < size && !may_move(by_load[static_cast<size_t>(above)])) ++above;

  int64_t chosen = -1;
  Load best = magnitude(push_imbal) + magnitude(pull_imbal);  // as it is now
  for (int64_t at : {above, below}) {
    if (at < 0 || at >= size) continue;
    Load after = imbalance_after(push_imbal, pull_imbal, by_load[static_cast<size_t>(at)].load);
    if (after > best) continue;
    best = after;
    chosen = at;
  }
  return chosen;
}

std::vector<Move> plan_moves(const std::vector<Load>& loads, const std::vector<uint32_t>& nodes,
                             const CandidateSource& candidates, const BalanceParams& params) {
  if (loads.empty()) return {};
  return Planner(loads, nodes, candidates, params).run();
}

}  // namespace simsched::rusty

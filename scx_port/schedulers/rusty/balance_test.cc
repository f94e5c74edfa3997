#include "scx_port/schedulers/rusty/balance.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <map>
#include <set>

namespace simsched::rusty {
namespace {

constexpr uint64_t kAnywhere = ~uint64_t{0};

Candidate task(int32_t pid, int64_t load) {
  return {.pid = pid, .id = static_cast<uint64_t>(pid), .load = load, .dom_mask = kAnywhere};
}

// Domains, their nodes and tasks; a domain's load is the sum of its tasks'.
struct World {
  std::vector<uint32_t> nodes;
  std::vector<std::vector<Candidate>> tasks;
  BalanceParams params = {};
  std::vector<int> asked = {};

  std::vector<Load> loads() const {
    std::vector<Load> sums;
    for (const auto& list : tasks) {
      Load sum = 0;
      for (const Candidate& c : list) sum += c.load;
      sums.push_back(sum);
    }
    return sums;
  }
  std::vector<Move> plan() {
    asked.assign(nodes.size(), 0);
    return plan_moves(
        loads(), nodes,
        [this](uint32_t d) {
          ++asked[d];
          return tasks[d];
        },
        params);
  }
};

TEST(RustyLevel, LeavesSmallImbalanceAlone) {
  Level level{.load = 105, .target = 100, .limit_percent = 5};
  EXPECT_FALSE(level.needs_push());  // 5 % is not more than 5 %
  level.load = 106;
  EXPECT_TRUE(level.needs_push());
  EXPECT_FALSE(level.needs_pull());
  EXPECT_EQ(level.cutoff(), 3);
  level.load = 90;
  EXPECT_TRUE(level.needs_pull());
  EXPECT_EQ(level.cutoff(), 5);
}

TEST(RustyChoice, TakesTheNearestLoad) {
  std::vector<Candidate> tasks = {task(1, 10), task(2, 45), task(3, 60), task(4, 90)};
  auto any = [](const Candidate&) { return true; };
  // Wanted: 50. 45 leaves 55 + 55; 60 leaves 40 + 40.
  EXPECT_EQ(wanted_transfer(100, -100), 50);
  EXPECT_EQ(choose_task(tasks, 100, -100, any), 2);
  // Wanted: 20 of 100 and 40: 10 leaves 90 + 30, 45 leaves 55 + 5.
  EXPECT_EQ(choose_task(tasks, 100, -40, any), 1);
  // Nothing allowed above: the best below.
  EXPECT_EQ(choose_task(tasks, 100, -100, [](const Candidate& c) { return c.load < 60; }), 1);
  EXPECT_EQ(choose_task(tasks, 100, -100, [](const Candidate&) { return false; }), -1);
}

TEST(RustyChoice, DoesNotMakeItWorse) {
  std::vector<Candidate> tasks = {task(1, 100)};
  auto any = [](const Candidate&) { return true; };
  EXPECT_EQ(choose_task(tasks, 40, -40, any), -1);  // 60 + 60 is worse than 40 + 40
  EXPECT_EQ(choose_task(tasks, 100, -100, any), 0);
  EXPECT_EQ(choose_task(tasks, 50, -50, any), 0);  // no worse: 50 + 50
}

// Loads 400 and 0: target 200, imbalance 200 each, cutoff 100. One task of 100 reaches it.
TEST(RustyBalance, MovesHalfTheImbalanceInARound) {
  World w{.nodes = {0, 0}, .tasks = {{task(1, 100), task(2, 100), task(3, 100), task(4, 100)}, {}}};
  auto moves = w.plan();
  ASSERT_EQ(moves.size(), 1u);
  EXPECT_EQ(moves[0].pid, 4);  // the last of equals
  EXPECT_EQ(moves[0].from, 0u);
  EXPECT_EQ(moves[0].to, 1u);
  EXPECT_TRUE(moves[0].real);
  EXPECT_EQ(w.asked, (std::vector<int>{1, 0}));
}

// Tasks of 30: 500 - 250 = 250 too many, cutoff 125: moves begin while less than 125 has moved.
TEST(RustyBalance, StopsAtTheCutoff) {
  World w{.nodes = {0, 0}, .tasks = {{}, {}}};
  for (int i = 0; i < 20; ++i) w.tasks[0].push_back(task(i, 25));
  EXPECT_EQ(w.plan().size(), 5u);
}

TEST(RustyBalance, LeavesBalancedDomainsAlone) {
  World w{.nodes = {0, 0}, .tasks = {{task(1, 102)}, {task(2, 98)}}};
  EXPECT_TRUE(w.plan().empty());
  EXPECT_EQ(w.asked, (std::vector<int>{0, 0}));
}

TEST(RustyBalance, NodesToleratesMoreThanDomains) {
  // 110 : 90 is 10 % off: too much for domains of a node, not for nodes.
  World near{.nodes = {0, 0}, .tasks = {{task(1, 10), task(2, 100)}, {task(3, 90)}}};
  EXPECT_EQ(near.plan().size(), 1u);
  World far{.nodes = {0, 1}, .tasks = {{task(1, 10), task(2, 100)}, {task(3, 90)}}};
  EXPECT_TRUE(far.plan().empty());
}

TEST(RustyBalance, NodesGoFirst) {
  // Node 0 has all: its busiest domain gives to the emptiest of node 1, before its own domains are evened out.
  World w{.nodes = {0, 0, 1, 1}, .tasks = {{}, {}, {task(90, 10)}, {}}};
  for (int i = 0; i < 8; ++i) w.tasks[0].push_back(task(i, 50));
  for (int i = 8; i < 12; ++i) w.tasks[1].push_back(task(i, 50));
  auto moves = w.plan();
  ASSERT_GE(moves.size(), 2u);
  EXPECT_EQ(moves[0].from, 0u);
  EXPECT_EQ(moves[0].to, 3u);
  bool within = false;
  for (const Move& m : moves) {
    bool same_node = w.nodes[m.from] == w.nodes[m.to];
    EXPECT_TRUE(same_node || !within) << "between nodes after within";
    within = within || same_node;
  }
}

TEST(RustyBalance, RespectsAffinityAndKworkersAndWaitingRequests) {
  World w{.nodes = {0, 0}, .tasks = {{task(1, 100), task(2, 100), task(3, 100), task(4, 100)}, {}}};
  w.tasks[0][3].dom_mask = 1;
  w.tasks[0][2].is_kworker = true;
  w.tasks[0][1].requested = true;
  w.params.skip_kworkers = true;
  auto moves = w.plan();
  ASSERT_EQ(moves.size(), 1u);
  EXPECT_EQ(moves[0].pid, 1);
  w.params.skip_kworkers = false;
  EXPECT_EQ(w.plan()[0].pid, 3);
}

TEST(RustyBalance, TasksWithMemoryThereGoFirst) {
  World w{.nodes = {0, 0}, .tasks = {{task(1, 100), task(2, 100), task(3, 90), task(4, 110)}, {}}};
  w.tasks[0][2].preferred_dom_mask = 2;
  EXPECT_EQ(w.plan()[0].pid, 3);
}

TEST(RustyPhantom, ShiftsLoadInTheBooksAndMovesOneTask) {
  World w{.nodes = {0, 0}, .tasks = {{}, {}}};
  for (int i = 0; i < 20; ++i) w.tasks[0].push_back(task(i, 25));
  w.params.phantom = true;
  auto moves = w.plan();
  EXPECT_EQ(moves.size(), 5u);  // as many as when they are real
  EXPECT_EQ(std::ranges::count_if(moves, &Move::real), 1);
  EXPECT_TRUE(moves[0].real);
  for (const Move& m : moves) EXPECT_EQ(m.pid, moves[0].pid);  // the same task again and again
}

TEST(RustyPhantom, ASecondRequestForATaskFails) {
  World w{.nodes = {0, 0}, .tasks = {{task(1, 100), task(2, 300)}, {}}};
  w.tasks[0][0].requested = true;
  w.params.phantom = true;
  auto moves = w.plan();
  ASSERT_EQ(moves.size(), 1u);
  EXPECT_EQ(moves[0].pid, 1);
  EXPECT_FALSE(moves[0].real);
}

struct OddOnly : Judge {
  bool migrate(const Proposal& p) override {
    seen.push_back(p.task.pid);
    return p.task.pid % 2 == 1;
  }
  std::vector<int32_t> seen;
};

TEST(RustyJudge, MustAgree) {
  World w{.nodes = {0, 0}, .tasks = {{task(2, 100), task(4, 100), task(6, 100), task(8, 100)}, {}}};
  OddOnly judge;
  w.params.judge = &judge;
  EXPECT_TRUE(w.plan().empty());
  EXPECT_EQ(std::set(judge.seen.begin(), judge.seen.end()).size(), 4u);  // asked for the next one after a refusal
  w.tasks[0][0].pid = 1;
  EXPECT_EQ(w.plan().size(), 1u);
}

// ---- properties ----
World gen_world() {
  World w;
  int nr_nodes = *rc::gen::inRange(1, 4), per_node = *rc::gen::inRange(1, 4), pid = 1;
  for (int n = 0; n < nr_nodes; ++n)
    for (int d = 0; d < per_node; ++d) {
      w.nodes.push_back(static_cast<uint32_t>(n));
      auto loads = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 1000));
      w.tasks.emplace_back();
      for (int load : loads) {
        Candidate c = task(pid++, load);
        c.dom_mask = *rc::gen::element(kAnywhere, uint64_t{5}, uint64_t{2});
        c.preferred_dom_mask = *rc::gen::element(uint64_t{0}, uint64_t{1}, uint64_t{2});
        c.is_kworker = *rc::gen::inRange(0, 5) == 0;
        w.tasks.back().push_back(c);
      }
    }
  w.params.skip_kworkers = *rc::gen::arbitrary<bool>();
  return w;
}

TEST(RustyBalance, KeepsTheRules) {
  EXPECT_TRUE(rc::check([] {
    World w = gen_world();
    std::vector<Load> loads = w.loads();
    Load total = 0;
    for (Load l : loads) total += l;
    Load target = total / static_cast<Load>(loads.size());
    std::set<int32_t> moved;
    std::map<int32_t, const Candidate*> by_pid;
    std::map<int32_t, uint32_t> home;
    for (uint32_t d = 0; d < w.tasks.size(); ++d)
      for (const Candidate& c : w.tasks[d]) by_pid[c.pid] = &c, home[c.pid] = d;

    auto moves = w.plan();
    std::map<uint32_t, Load> pushed, cutoff;
    for (const Move& m : moves) {
      const Candidate& c = *by_pid.at(m.pid);
      RC_ASSERT(m.real);
      RC_ASSERT(moved.insert(m.pid).second);  // once in a round
      RC_ASSERT(m.from == home[m.pid] && m.to != m.from);
      RC_ASSERT(c.dom_mask >> m.to & 1);  // only where it may run
      RC_ASSERT(!(w.params.skip_kworkers && c.is_kworker));
      RC_ASSERT(m.load == c.load && m.load > 0);
      if (w.nodes[m.from] == w.nodes[m.to]) {
        // No move begins once half the imbalance has gone, nor towards a domain that lacks nothing.
        if (cutoff.try_emplace(m.from, (loads[m.from] - target) / 2).second) pushed[m.from] = 0;
        RC_ASSERT(pushed[m.from] < cutoff[m.from]);
        RC_ASSERT((target - loads[m.to]) * 100 > kDomainLimitPercent * target);
        pushed[m.from] += m.load;
      }
      loads[m.from] -= m.load;
      loads[m.to] += m.load;
    }
    Load after = 0;
    for (Load l : loads) after += l;
    RC_ASSERT(after == total);
    RC_ASSERT(moves.size() <= by_pid.size());
  }));
}

TEST(RustyBalance, NodesDoNotGetFurtherApart) {
  EXPECT_TRUE(rc::check([] {
    World w = gen_world();
    std::map<uint32_t, Load> nodes;
    std::vector<Load> loads = w.loads();
    Load total = 0;
    for (uint32_t d = 0; d < loads.size(); ++d) nodes[w.nodes[d]] += loads[d], total += loads[d];
    Load target = total / static_cast<Load>(nodes.size());
    auto imbalance = [&] {
      Load sum = 0;
      for (auto [id, load] : nodes) sum += std::abs(load - target);
      return sum;
    };
    Load before = imbalance();
    for (const Move& m : w.plan()) {
      nodes[w.nodes[m.from]] -= m.load;
      nodes[w.nodes[m.to]] += m.load;
      RC_ASSERT(imbalance() <= before);
      before = imbalance();
    }
  }));
}

TEST(RustyPhantom, MovesAtMostOneTaskAPair) {
  EXPECT_TRUE(rc::check([] {
    World w = gen_world();
    w.params.phantom = true;
    std::set<std::pair<uint32_t, uint32_t>> pairs;
    std::set<int32_t> pids;
    for (const Move& m : w.plan())
      if (m.real) {
        RC_ASSERT(pairs.insert({m.from, m.to}).second);
        RC_ASSERT(pids.insert(m.pid).second);
      }
  }));
}

TEST(RustyBalance, DoesNotDependOnTheOrderOfTasks) {
  EXPECT_TRUE(rc::check([] {
    World w = gen_world();
    auto a = w.plan();
    for (auto& list : w.tasks) std::ranges::reverse(list);
    auto b = w.plan();
    RC_ASSERT(a.size() == b.size());
    for (size_t i = 0; i < a.size(); ++i) RC_ASSERT(a[i].pid == b[i].pid && a[i].to == b[i].to);
  }));
}

}  // namespace
}  // namespace simsched::rusty

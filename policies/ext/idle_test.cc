#include "policies/ext/idle.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstdlib>
#include <set>
#include <vector>

#include "policies/ext/constants.h"

namespace simsched::ext {
namespace {

// `per_node` CPUs in each of `nodes` nodes, `threads` to a core, nodes in a row 10 apart.
Machine make_machine(int nodes, int per_node, int threads) {
  MachineSpec spec;
  spec.name = "nodes";
  for (int node = 0, core = 0; node < nodes; ++node) {
    for (int i = 0; i < per_node; ++i) {
      if (i % threads == 0 && !spec.cpus.empty()) ++core;
      spec.cpus.push_back({CoreId(core), LlcId(node), NodeId(node)});
    }
  }
  for (int a = 0; a < nodes; ++a) {
    spec.distances.emplace_back();
    for (int b = 0; b < nodes; ++b) spec.distances.back().push_back(10 + 10 * std::abs(a - b));
  }
  return Machine(std::move(spec));
}

// The same, as slowly and plainly as possible.
class Model {
 public:
  explicit Model(const Machine& machine) : m_(machine), last_(machine.nr_cpus(), 0) {
    for (CpuId c : machine.cpus()) smt_ |= machine.smt_cpus(c).size() > 1;
    reset();
  }
  void reset() {
    cpus_.clear(), cores_.clear();
    for (CpuId c : m_.cpus()) cpus_.insert(c.value()), cores_.insert(c.value());
  }
  void update(CpuId cpu, bool idle) {
    if (idle)
      cpus_.insert(cpu.value());
    else
      cpus_.erase(cpu.value());
    bool all = true;
    for (CpuId s : m_.smt_cpus(cpu)) all &= cpus_.count(s.value()) > 0;
    for (CpuId s : m_.smt_cpus(cpu)) {
      if (all)
        cores_.insert(s.value());
      else if (!idle)
        cores_.erase(s.value());
    }
  }
  bool claim(CpuId cpu) {
    for (CpuId s : m_.smt_cpus(cpu)) cores_.erase(s.value());
    return cpus_.erase(cpu.value()) > 0;
  }
  CpuId pick(const CpuSet& allowed, NodeId node, uint64_t flags, CpuId here) {
    if (!node.valid()) return pick_in(allowed, NodeId(), flags, here);
    std::set<std::pair<int, int>> order;
    for (size_t n = 0; n < m_.nr_nodes(); ++n) order.insert({m_.distance(node, NodeId(n)), static_cast<int>(n)});
    for (auto [distance, n] : order) {
      CpuId cpu = pick_in(allowed, NodeId(n), flags, here);
      if (cpu.valid() || (flags & kPickIdleInNode)) return cpu;
    }
    return CpuId();
  }
  const std::set<int32_t>& cpus() const { return cpus_; }
  const std::set<int32_t>& cores() const { return smt_ ? cores_ : cpus_; }

 private:
  CpuId round(const std::set<int32_t>& among, const CpuSet& allowed, NodeId node, CpuId here) {
    auto n = static_cast<int32_t>(m_.nr_cpus());
    for (int32_t k = 1; k <= n; ++k) {
      int32_t c = (last_[here.index()] + k) % n;
      if (!among.count(c) || !allowed.contains(CpuId(c))) continue;
      if (node.valid() && m_.cpu(CpuId(c)).node != node) continue;
      last_[here.index()] = c;
      return CpuId(c);
    }
    return CpuId();
  }
  CpuId pick_in(const CpuSet& allowed, NodeId node, uint64_t flags, CpuId here) {
    while (true) {
      CpuId cpu;
      if (smt_) {
        cpu = round(cores_, allowed, node, here);
        if (!cpu.valid() && (flags & kPickIdleCore)) return CpuId();
      }
      if (!cpu.valid()) cpu = round(cpus_, allowed, node, here);
      if (!cpu.valid() || claim(cpu)) return cpu;
    }
  }
  const Machine& m_;
  bool smt_ = false;
  std::set<int32_t> cpus_, cores_;
  std::vector<int32_t> last_;
};

std::set<int32_t> members(const CpuSet& set) {
  std::set<int32_t> out;
  for (CpuId cpu : set) out.insert(cpu.value());
  return out;
}

RC_GTEST_PROP(IdleMasks, AreAsANaiveModel, ()) {
  const int nodes = *rc::gen::element(1, 2, 3), threads = *rc::gen::element(1, 2, 4);
  const int per_node = *rc::gen::inRange(1, 130 / nodes + 1);
  const Machine machine = make_machine(nodes, per_node, threads);
  const int n = nodes * per_node;
  IdleMasks masks(machine);
  masks.reset(machine.cpus());
  Model model(machine);
  auto steps = *rc::gen::container<std::vector<std::tuple<int, int, uint64_t>>>(
      rc::gen::tuple(rc::gen::inRange(0, 8), rc::gen::inRange(0, n), rc::gen::arbitrary<uint64_t>()));
  for (auto [what, number, bits] : steps) {
    CpuId cpu(number);
    if (what < 2) {
      masks.update(cpu, what == 0);
      model.update(cpu, what == 0);
    } else if (what == 2) {
      RC_ASSERT(masks.test_and_clear(cpu) == model.claim(cpu));
    } else {
      CpuSet allowed;
      for (int c = 0; c < n; ++c)
        if ((bits >> (c % 61)) & 1 || what == 7) allowed.add(CpuId(c));
      NodeId node = what < 5 ? NodeId() : NodeId(static_cast<int32_t>(bits % static_cast<uint64_t>(nodes)));
      uint64_t flags = bits >> 32 & (kPickIdleCore | kPickIdleInNode);
      RC_ASSERT(masks.pick(allowed, node, flags, cpu) == model.pick(allowed, node, flags, cpu));
    }
    RC_ASSERT(members(masks.cpus()) == model.cpus());
    RC_ASSERT(members(masks.cores()) == model.cores());
  }
}

TEST(IdleMasks, EachSearcherGoesRoundFromItsLastFind) {
  Machine machine = make_machine(1, 4, 1);
  IdleMasks masks(machine);
  const CpuSet all = machine.cpus();
  auto pick = [&](int here) {
    masks.reset(all);
    return masks.pick(all, NodeId(), 0, CpuId(here)).value();
  };
  // Nobody has looked yet: the search begins behind CPU 0.
  EXPECT_EQ(pick(0), 1);
  EXPECT_EQ(pick(0), 2);
  EXPECT_EQ(pick(3), 1);
  EXPECT_EQ(pick(0), 3);
  EXPECT_EQ(pick(0), 0);
  EXPECT_EQ(pick(3), 2);
}

TEST(IdleMasks, TheSearchGoesRoundOnAMachineOfManyWords) {
  Machine machine = make_machine(1, 256, 1);
  IdleMasks masks(machine);
  masks.reset(machine.cpus());
  EXPECT_EQ(masks.pick(CpuSet::single(CpuId(255)), NodeId(), 0, CpuId(0)), CpuId(255));
  EXPECT_EQ(masks.pick(CpuSet::first(128), NodeId(), 0, CpuId(0)), CpuId(0));
  EXPECT_EQ(masks.pick(CpuSet::single(CpuId(200)), NodeId(), 0, CpuId(0)), CpuId(200));
  EXPECT_EQ(masks.pick(CpuSet::first(100), NodeId(), 0, CpuId(0)), CpuId(1));
}

TEST(IdleMasks, AWholeCoreComesBeforeTheIdleHalfOfABusyOne) {
  Machine machine = make_machine(1, 6, 2);
  IdleMasks masks(machine);
  masks.reset(machine.cpus());
  masks.update(CpuId(0), false);
  masks.update(CpuId(2), false);
  EXPECT_EQ(masks.cores(), CpuSet::parse("4-5"));
  EXPECT_EQ(masks.pick(machine.cpus(), NodeId(), 0, CpuId(0)), CpuId(4));
  EXPECT_TRUE(masks.cores().empty());  // the claim of one makes the core not wholly idle
  EXPECT_FALSE(masks.pick(machine.cpus(), NodeId(), kPickIdleCore, CpuId(0)).valid());
  EXPECT_EQ(masks.pick(machine.cpus(), NodeId(), 0, CpuId(0)), CpuId(5));
}

TEST(IdleMasks, NodesComeInTheOrderOfTheirDistance) {
  Machine machine = make_machine(3, 2, 1);
  IdleMasks masks(machine);
  masks.reset(machine.cpus());
  std::vector<int> order;
  for (int i = 0; i < 6; ++i)
    order.push_back(machine.cpu(masks.pick(machine.cpus(), NodeId(2), 0, CpuId(0))).node.value());
  EXPECT_EQ(order, (std::vector<int>{2, 2, 1, 1, 0, 0}));
  EXPECT_FALSE(masks.pick(machine.cpus(), NodeId(2), 0, CpuId(0)).valid());
  masks.update(CpuId(0), true);
  EXPECT_FALSE(masks.pick(machine.cpus(), NodeId(2), kPickIdleInNode, CpuId(0)).valid());
}

TEST(IdleMasks, LlcsAndNodesAreLookedAtOnlyWhereTheyDiffer) {
  EXPECT_FALSE(IdleMasks(make_machine(1, 4, 1)).by_llc());
  Machine same = make_machine(2, 4, 1);  // each node is one LLC: the LLC is enough
  EXPECT_TRUE(IdleMasks(same).by_llc());
  EXPECT_FALSE(IdleMasks(same).by_node());
  MachineSpec spec;
  spec.name = "llcs";
  for (int i = 0; i < 8; ++i) spec.cpus.push_back({CoreId(i), LlcId(i / 2), NodeId(i / 4)});
  Machine llcs(std::move(spec));
  EXPECT_TRUE(IdleMasks(llcs).by_llc());
  EXPECT_TRUE(IdleMasks(llcs).by_node());
}

}  // namespace
}  // namespace simsched::ext

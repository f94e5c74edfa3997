#include "policies/fair/domain.h"

#include <gtest/gtest.h>

#include "topology/load/load.h"

namespace simsched::fair {
namespace {

struct Shape {
  size_t nodes, llcs, cores, threads;  // per level above
};

Machine machine(Shape s, std::vector<std::vector<int>> distances = {}) {
  MachineSpec spec;
  spec.name = "test";
  spec.distances = std::move(distances);
  size_t core = 0, llc = 0;
  for (size_t n = 0; n < s.nodes; ++n)
    for (size_t l = 0; l < s.llcs; ++l, ++llc)
      for (size_t c = 0; c < s.cores; ++c, ++core)
        for (size_t t = 0; t < s.threads; ++t) spec.cpus.push_back({CoreId(core), LlcId(llc), NodeId(n)});
  return Machine(std::move(spec));
}

TEST(Domains, OneCpuHasNone) {
  Machine m = machine({1, 1, 1, 1});
  EXPECT_TRUE(Domains(m).of(CpuId(0)).empty());
}

TEST(Domains, TwoCpusShareACache) {
  Machine m = machine({1, 1, 2, 1});
  Domains d(m);
  ASSERT_EQ(d.of(CpuId(1)).size(), 1u);
  const Domain& domain = d.of(CpuId(1))[0];
  EXPECT_EQ(domain.level, Level::kCache);
  EXPECT_TRUE(domain.shares_cache);
  EXPECT_EQ(domain.imbalance_pct, 117);
  EXPECT_EQ(domain.min_interval, 2);
  EXPECT_EQ(domain.max_interval, 4);
  ASSERT_EQ(domain.groups.size(), 2u);
  EXPECT_EQ(domain.groups[0]->span->cpus, std::vector<CpuId>{CpuId(1)});  // its own first
  EXPECT_EQ(d.cache(CpuId(0))->span, domain.span);
}

TEST(Domains, EveryLevelOfABigMachine) {
  Machine m = machine({2, 2, 4, 2});
  Domains d(m);
  const auto& domains = d.of(CpuId(9));
  ASSERT_EQ(domains.size(), 4u);
  EXPECT_EQ(domains[0].level, Level::kSmt);
  EXPECT_EQ(domains[0].imbalance_pct, 110);
  EXPECT_EQ(domains[0].span->set.str(), "8-9");
  EXPECT_EQ(domains[1].level, Level::kCache);
  EXPECT_EQ(domains[1].span->set.str(), "8-15");
  EXPECT_EQ(domains[1].groups.size(), 4u);
  EXPECT_TRUE(domains[1].groups[0]->smt);
  EXPECT_EQ(domains[2].level, Level::kNode);
  EXPECT_EQ(domains[2].groups.size(), 2u);
  EXPECT_EQ(domains[3].level, Level::kNuma);
  EXPECT_EQ(domains[3].span->set.str(), "0-31");
  EXPECT_TRUE(domains[3].fork_exec);
  EXPECT_FALSE(domains[3].prefer_sibling);
  EXPECT_EQ(domains[3].groups.size(), 2u);
  EXPECT_EQ(domains[3].imb_numa_nr, 2);  // two caches a node
  EXPECT_EQ(d.cache_size(CpuId(9)), 8u);
}

TEST(Domains, GroupsAreSharedByTheirMembers) {
  Machine m = machine({2, 1, 2, 1});
  Domains d(m);
  EXPECT_EQ(d.of(CpuId(0)).back().groups[0], d.of(CpuId(1)).back().groups[0]);
  EXPECT_EQ(d.of(CpuId(0)).back().groups[0], d.of(CpuId(3)).back().groups[1]);
}

TEST(Domains, FarNodesAreALevelOfTheirOwnWithoutForkBalancing) {
  Machine m = machine({4, 1, 2, 1}, {{10, 20, 40, 40}, {20, 10, 40, 40}, {40, 40, 10, 20}, {40, 40, 20, 10}});
  Domains d(m);
  const auto& domains = d.of(CpuId(0));
  ASSERT_EQ(domains.size(), 3u);
  EXPECT_EQ(domains[1].span->set.str(), "0-3");
  EXPECT_TRUE(domains[1].wake_affine);
  EXPECT_EQ(domains[2].span->set.str(), "0-7");
  EXPECT_FALSE(domains[2].fork_exec);
  EXPECT_FALSE(domains[2].wake_affine);
  EXPECT_EQ(domains[2].groups.size(), 2u);
}

TEST(Domains, GroupsOfARingOverlap) {
  // Each node is next to two others.
  Machine m = machine({4, 1, 1, 1}, {{10, 20, 30, 20}, {20, 10, 20, 30}, {30, 20, 10, 20}, {20, 30, 20, 10}});
  Domains d(m);
  for (CpuId cpu : m.cpus()) {
    const auto& domains = d.of(cpu);
    ASSERT_EQ(domains.size(), 2u);
    EXPECT_EQ(domains[0].span->cpus.size(), 3u);
    EXPECT_EQ(domains[1].span->cpus.size(), 4u);
    for (const Domain& domain : domains) {
      EXPECT_TRUE(domain.groups[0]->span->set.contains(cpu));
      CpuSet all;
      for (const Group* group : domain.groups) {
        all = all | group->span->set;
        EXPECT_FALSE(group->balancers.empty());
      }
      EXPECT_EQ(all, domain.span->set);
    }
  }
}

TEST(Domains, EveryPresetHasConsistentDomains) {
  for (const std::string& name : preset_names()) {
    Machine m = load_machine(name);
    Domains d(m);
    for (CpuId cpu : m.cpus()) {
      size_t below = 1;
      for (const Domain& domain : d.of(cpu)) {
        EXPECT_GT(domain.span->cpus.size(), below) << name;
        EXPECT_TRUE(domain.contains(cpu));
        EXPECT_TRUE(domain.groups[0]->span->set.contains(cpu)) << name;
        below = domain.span->cpus.size();
      }
    }
  }
}

}  // namespace
}  // namespace simsched::fair

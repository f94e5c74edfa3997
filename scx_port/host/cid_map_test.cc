#include "scx_port/host/cid_map.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/testing.h"

namespace simsched::bpf {
namespace {

using ::testing::ElementsAre;

// Two caches in one node, two cores in each, two threads a core, numbered as firmware does: the second threads last.
Machine machine() {
  MachineSpec spec;
  spec.name = "threads last";
  for (size_t i = 0; i < 8; ++i) spec.cpus.push_back({CoreId(i % 4), LlcId(i % 4 / 2), NodeId(0)});
  return Machine(spec);
}

std::vector<int32_t> cpus(const CidMap& map) {
  std::vector<int32_t> list;
  for (size_t cid = 0; cid < map.size(); ++cid) list.push_back(map.cpu(static_cast<int32_t>(cid)).value());
  return list;
}

TEST(CidMap, CpusOfACoreAndOfACacheFollowEachOther) {
  const Machine m = machine();
  const CidMap map(m, m.cpus());
  EXPECT_THAT(cpus(map), ElementsAre(0, 4, 1, 5, 2, 6, 3, 7));
  for (CpuId cpu : m.cpus()) EXPECT_EQ(map.cpu(map.cid(cpu)), cpu);
  const CidTopo& topo = map.topo(5);  // CPU 6, of the third core
  EXPECT_EQ(topo.core_cid, 4);
  EXPECT_EQ(topo.core_idx, 2);
  EXPECT_EQ(topo.llc_cid, 4);
  EXPECT_EQ(topo.llc_idx, 1);
  EXPECT_EQ(topo.node_cid, 0);
  EXPECT_EQ(topo.node_idx, 0);
}

TEST(CidMap, CpusThatAreOfflineComeLastAndHaveNoPlace) {
  const Machine m = machine();
  CpuSet online = m.cpus();
  online.remove(CpuId(0));
  online.remove(CpuId(6));
  const CidMap map(m, online);
  EXPECT_THAT(cpus(map), ElementsAre(1, 5, 4, 2, 3, 7, 0, 6));
  EXPECT_EQ(map.topo(2).core_cid, 2);  // CPU 4, whose sibling is offline
  EXPECT_EQ(map.topo(2).llc_cid, 0);
  EXPECT_EQ(map.topo(6).core_cid, -1);
  EXPECT_EQ(map.topo(7).node_idx, -1);
  EXPECT_TRUE(map.valid(7));
  EXPECT_FALSE(map.valid(8));
  EXPECT_FALSE(map.valid(-1));
}

}  // namespace
}  // namespace simsched::bpf

#include "scx_port/collect/host.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace simsched::collect {
namespace {

// Two nodes of two cores, the first core with two threads: CPUs 0,1 | 2 | 3; 2 shares the LLC of 0.
class HostTest : public testing::Test {
 protected:
  HostTest() : sys_(testing::TempDir() + "sysfs" + std::to_string(getpid())) {
    put("devices/system/cpu/possible", "0-3");
    cpu(0, "0-1", "0-1", "0-2");
    cpu(1, "0-1", "0-1", "0-2");
    cpu(2, "2", "2", "0-2");
    cpu(3, "3", "3", "3");
    put("devices/system/node/online", "0,2");
    put("devices/system/node/node0/cpulist", "0-2");
    put("devices/system/node/node0/distance", "10 21");
    put("devices/system/node/node2/cpulist", "3");
    put("devices/system/node/node2/distance", "21 10");
  }
  ~HostTest() override { std::filesystem::remove_all(sys_); }

  void put(const std::string& path, const std::string& line) {
    std::filesystem::create_directories(std::filesystem::path(sys_ + "/" + path).parent_path());
    std::ofstream(sys_ + "/" + path) << line << "\n";
  }
  void cpu(int id, const std::string& core, const std::string& l2, const std::string& l3) {
    const std::string folder = "devices/system/cpu/cpu" + std::to_string(id);
    put(folder + "/topology/thread_siblings_list", core);
    const std::string levels[] = {"1", "2", "3"}, lists[] = {core, l2, l3};
    for (int i = 0; i < 3; ++i) {
      const std::string cache = folder + "/cache/index" + std::to_string(i);
      put(cache + "/level", levels[i]);
      put(cache + "/type", "Unified");
      put(cache + "/shared_cpu_list", lists[i]);
    }
  }

  std::string sys_;
};

TEST_F(HostTest, CpusShareTheNearestOfCoreCacheAndNode) {
  const Host host(sys_);
  ASSERT_EQ(host.cpus().size(), 4);
  EXPECT_EQ(host.relation(CpuId(1), CpuId(1)), Relation::kSameCpu);
  EXPECT_EQ(host.relation(CpuId(0), CpuId(1)), Relation::kSmt);
  EXPECT_EQ(host.relation(CpuId(0), CpuId(2)), Relation::kLlc);
  EXPECT_EQ(host.relation(CpuId(0), CpuId(3)), Relation::kRemote);
  EXPECT_EQ(host.relation(CpuId(0), CpuId()), Relation::kUnknown);
  EXPECT_EQ(host.distance(CpuId(0), CpuId(2)), 10);
  EXPECT_EQ(host.distance(CpuId(3), CpuId(0)), 21) << "nodes 2 and 0: a row has only nodes that are there";
}

TEST_F(HostTest, WhatSysfsLacksIsAbsent) {
  EXPECT_TRUE(Host(sys_ + "/nowhere").cpus().empty());
  std::filesystem::remove_all(sys_ + "/devices/system/node");
  std::filesystem::remove_all(sys_ + "/devices/system/cpu/cpu3");
  const Host host(sys_);
  EXPECT_EQ(host.relation(CpuId(0), CpuId(3)), Relation::kUnknown);
  EXPECT_EQ(host.distance(CpuId(0), CpuId(2)), kAbsent);
}

}  // namespace
}  // namespace simsched::collect

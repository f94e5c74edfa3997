#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <hwloc.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <thread>

#include "base/error.h"
#include "base/files.h"
#include "topology/load/load.h"
#include "topology/load/machine_yaml.h"

namespace simsched {
namespace {

using testing::HasSubstr;

// A machine that hwloc makes up from a description, written as the XML that lstopo would write.
class HwlocTest : public testing::Test {
 protected:
  ~HwlocTest() override { std::filesystem::remove(path_); }

  void synthesise(const char* description, void (*change)(hwloc_topology_t) = nullptr) {
    hwloc_topology_t topology = nullptr;
    ASSERT_EQ(hwloc_topology_init(&topology), 0);
    ASSERT_EQ(hwloc_topology_set_synthetic(topology, description), 0);
    ASSERT_EQ(hwloc_topology_load(topology), 0);
    if (change != nullptr) change(topology);
    ASSERT_EQ(hwloc_topology_export_xml(topology, path_.c_str(), 0), 0);
    hwloc_topology_destroy(topology);
  }

  const std::string path_ = testing::TempDir() + "simsched-hwloc-" + std::to_string(getpid()) + ".xml";
};

TEST_F(HwlocTest, ReadsEveryLevel) {
  synthesise("numa:2 l3:2 core:4 pu:2");
  Machine machine = machine_from_hwloc_xml(path_);
  EXPECT_EQ(machine.nr_cpus(), 32u);
  EXPECT_EQ(machine.nr_cores(), 16u);
  EXPECT_EQ(machine.nr_llcs(), 4u);
  EXPECT_EQ(machine.nr_nodes(), 2u);
  EXPECT_EQ(machine.smt_cpus(CpuId(2)).str(), "2-3");
  EXPECT_EQ(machine.llc_cpus(LlcId(1)).str(), "8-15");
  EXPECT_EQ(machine.cpu(CpuId(31)).capacity, kCapacityScale);
}

TEST_F(HwlocTest, CoresThatShareACacheBelowTheLastAreACluster) {
  synthesise("l3:1 l2:2 core:4 pu:1");
  Machine machine = machine_from_hwloc_xml(path_);
  EXPECT_EQ(machine.nr_clusters(), 2u);
  EXPECT_EQ(machine.cluster_cpus(ClusterId(1)).str(), "4-7");
  synthesise("l3:1 l2:4 core:1 pu:2");
  EXPECT_EQ(machine_from_hwloc_xml(path_).nr_clusters(), 4u) << "one of a single core is the core";
}

TEST_F(HwlocTest, AZenBalancesForksOverFartherNodes) {
  synthesise("package:2 numa:1 core:2 pu:1");
  EXPECT_EQ(machine_from_hwloc_xml(path_).spec().reclaim_distance, 30);
  synthesise("package:2 numa:1 core:2 pu:1", [](hwloc_topology_t topology) {
    hwloc_obj_t package = hwloc_get_obj_by_type(topology, HWLOC_OBJ_PACKAGE, 0);
    hwloc_obj_add_info(package, "CPUVendor", "AuthenticAMD");
    hwloc_obj_add_info(package, "CPUFamilyNumber", "25");
  });
  EXPECT_EQ(machine_from_hwloc_xml(path_).spec().reclaim_distance, 32);
}

TEST_F(HwlocTest, TheOutermostCacheCounts) {
  synthesise("l3:1 l2:4 l1d:2 core:1 pu:1");
  EXPECT_EQ(machine_from_hwloc_xml(path_).nr_llcs(), 1u);
  synthesise("package:2 l2:2 core:2 pu:1");
  EXPECT_EQ(machine_from_hwloc_xml(path_).nr_llcs(), 4u);
  synthesise("package:2 core:2 pu:1");  // no cache known: a package each
  EXPECT_EQ(machine_from_hwloc_xml(path_).nr_llcs(), 2u);
  synthesise("l3:1 numa:2 core:2 pu:1");  // one cache over two nodes is one in each
  EXPECT_EQ(machine_from_hwloc_xml(path_).nr_llcs(), 2u);
}

TEST_F(HwlocTest, ReadsDistancesAndMakesThemSymmetric) {
  synthesise("numa:2 l3:1 core:1 pu:1", [](hwloc_topology_t topology) {
    hwloc_obj_t nodes[2] = {hwloc_get_obj_by_type(topology, HWLOC_OBJ_NUMANODE, 0),
                            hwloc_get_obj_by_type(topology, HWLOC_OBJ_NUMANODE, 1)};
    hwloc_uint64_t values[4] = {10, 31, 32, 10};
    hwloc_distances_add_handle_t table = hwloc_distances_add_create(
        topology, "NUMALatency", HWLOC_DISTANCES_KIND_FROM_OS | HWLOC_DISTANCES_KIND_MEANS_LATENCY, 0);
    ASSERT_EQ(hwloc_distances_add_values(topology, table, 2, nodes, values, 0), 0);
    ASSERT_EQ(hwloc_distances_add_commit(topology, table, 0), 0);
  });
  EXPECT_EQ(machine_from_hwloc_xml(path_).distance(NodeId(0), NodeId(1)), 32);
}

TEST_F(HwlocTest, ReadsTheCapacityOfKinds) {
  synthesise("l3:1 core:4 pu:1", [](hwloc_topology_t topology) {
    hwloc_bitmap_t cpus = hwloc_bitmap_alloc();
    hwloc_info_s big = {const_cast<char*>("LinuxCapacity"), const_cast<char*>("1024")};
    hwloc_info_s little = {const_cast<char*>("LinuxCapacity"), const_cast<char*>("446")};
    hwloc_bitmap_set_range(cpus, 0, 1);
    ASSERT_EQ(hwloc_cpukinds_register(topology, cpus, 1, 1, &big, 0), 0);
    hwloc_bitmap_zero(cpus);
    hwloc_bitmap_set_range(cpus, 2, 3);
    ASSERT_EQ(hwloc_cpukinds_register(topology, cpus, 0, 1, &little, 0), 0);
    hwloc_bitmap_free(cpus);
  });
  Machine machine = machine_from_hwloc_xml(path_);
  EXPECT_EQ(machine.cpu(CpuId(1)).capacity, 1024);
  EXPECT_EQ(machine.cpu(CpuId(2)).capacity, 446);
}

TEST_F(HwlocTest, AMachineFileAddsCostsToAnHwlocFile) {
  synthesise("l3:1 core:4 pu:1");
  std::string beside = std::filesystem::path(path_).filename().string();
  Machine machine = parse_machine_yaml("{hwloc: " + beside + ", costs: {stopper_ns: 77}}",
                                       (std::filesystem::path(path_).parent_path() / "m.yaml").string());
  EXPECT_EQ(machine.nr_cpus(), 4u);
  EXPECT_EQ(machine.costs().stopper, 77_ns);
}

TEST_F(HwlocTest, ReadsWhatHwloc3Writes) {
  synthesise("package:2 l3:1 core:2 pu:2");
  std::string text(read_file(path_).text());
  size_t at = text.find("<topology version=\"2.0\"");
  ASSERT_NE(at, std::string::npos);
  text.replace(at, 23, "<topology version=\"3.0\"");
  write_file_atomically(path_, text);
  EXPECT_EQ(machine_from_hwloc_xml(path_).nr_cpus(), 8u);
  write_file_atomically(path_, "<topology version=\"3.1\"><nothing/></topology>");
  try {
    machine_from_hwloc_xml(path_);
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("is written by hwloc 3"));
    EXPECT_THAT(error.what(), HasSubstr("--export-xml-flags v2"));
  }
}

// As lstopo writes it inside a cgroup that allows only some nodes.
TEST_F(HwlocTest, ANodeOutsideTheTableIsLocalToItself) {
  synthesise("numa:3 l3:1 core:1 pu:1", [](hwloc_topology_t topology) {
    hwloc_obj_t nodes[2] = {hwloc_get_obj_by_type(topology, HWLOC_OBJ_NUMANODE, 1),
                            hwloc_get_obj_by_type(topology, HWLOC_OBJ_NUMANODE, 2)};
    hwloc_uint64_t values[4] = {10, 31, 31, 10};
    hwloc_distances_add_handle_t table = hwloc_distances_add_create(
        topology, "NUMALatency", HWLOC_DISTANCES_KIND_FROM_OS | HWLOC_DISTANCES_KIND_MEANS_LATENCY, 0);
    ASSERT_EQ(hwloc_distances_add_values(topology, table, 2, nodes, values, 0), 0);
    ASSERT_EQ(hwloc_distances_add_commit(topology, table, 0), 0);
  });
  Machine machine = machine_from_hwloc_xml(path_);
  EXPECT_EQ(machine.distance(NodeId(0), NodeId(0)), 10);
  EXPECT_EQ(machine.distance(NodeId(0), NodeId(1)), 20);
  EXPECT_EQ(machine.distance(NodeId(1), NodeId(2)), 31);
}

TEST_F(HwlocTest, RefusesWhatIsNotXml) {
  write_file_atomically(path_, "cores_per_llc: 4\n");
  try {
    machine_from_hwloc_xml(path_);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.where(), path_);
    EXPECT_THAT(error.what(), HasSubstr("not an hwloc XML file; write one with: lstopo"));
  }
}

TEST(Host, IsAMachine) {
  Machine machine = machine_from_host();
  EXPECT_EQ(machine.name(), "host");
  EXPECT_GE(machine.nr_cpus(), std::thread::hardware_concurrency());
}

}  // namespace
}  // namespace simsched

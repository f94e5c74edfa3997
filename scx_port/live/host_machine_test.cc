#include "scx_port/live/host_machine.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "base/temporary_folder.h"

namespace simsched::live {
namespace {

// sysfs of a machine with two nodes of two cores of two threads; CPU 3 is offline, and says nothing of itself.
class FakeSysfs : public ::testing::Test {
 protected:
  FakeSysfs() : folder_("simsched-sysfs") {
    write("devices/system/cpu/possible", "0-7");
    write("devices/system/node/online", "0-1");
    write("devices/system/node/node0/cpulist", "0-2");
    write("devices/system/node/node1/cpulist", "4-7");
    for (int cpu : {0, 1, 2, 4, 5, 6, 7}) {
      const std::string base = "devices/system/cpu/cpu" + std::to_string(cpu);
      const int core = cpu / 2 * 2;
      write(base + "/topology/thread_siblings_list",
            core == 2 ? "2" : std::to_string(core) + "-" + std::to_string(core + 1));
      write(base + "/cache/index0/type", "Data");
      write(base + "/cache/index0/shared_cpu_list", std::to_string(core));
      write(base + "/cache/index1/type", "Instruction");
      write(base + "/cache/index1/shared_cpu_list", std::to_string(cpu));
      write(base + "/cache/index2/type", "Unified");
      write(base + "/cache/index2/shared_cpu_list", cpu < 4 ? "0-2" : "4-7");
    }
  }
  void write(const std::string& file, const std::string& text) {
    const std::filesystem::path path = folder_.file(file);
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text << '\n';
  }
  TemporaryFolder folder_;
};

TEST_F(FakeSysfs, IsReadWithAllItsLevels) {
  const Machine machine = host_machine(folder_.path());
  EXPECT_EQ(machine.nr_cpus(), 8u);
  EXPECT_EQ(machine.nr_nodes(), 2u);
  EXPECT_EQ(machine.nr_llcs(), 2u);
  EXPECT_EQ(machine.nr_cores(), 5u);  // the CPU that is offline counts as a core
  EXPECT_EQ(machine.cpu(CpuId(0)).core, machine.cpu(CpuId(1)).core);
  EXPECT_EQ(machine.cpu(CpuId(3)).llc, machine.cpu(CpuId(2)).llc);
  EXPECT_EQ(machine.cpu(CpuId(3)).node, machine.cpu(CpuId(2)).node);
  EXPECT_NE(machine.cpu(CpuId(4)).node, machine.cpu(CpuId(2)).node);
}

TEST_F(FakeSysfs, WithoutCachesEachCpuIsReadAllTheSame) {
  for (int cpu = 0; cpu < 8; ++cpu)
    std::filesystem::remove_all(folder_.file("devices/system/cpu/cpu" + std::to_string(cpu) + "/cache"));
  EXPECT_EQ(host_machine(folder_.path()).nr_nodes(), 2u);
}

TEST(HostMachine, IsThisOne) { EXPECT_GE(host_machine().nr_cpus(), 1u); }

TEST(HostMachine, NeedsSysfs) { EXPECT_THROW(host_machine("/nowhere"), Error); }

}  // namespace
}  // namespace simsched::live

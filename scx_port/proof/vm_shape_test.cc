#include "scx_port/proof/vm_shape.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.h"
#include "scx_port/proof/virtual_machine.h"
#include "topology/load/machine_yaml.h"

namespace simsched {
namespace {

using ::testing::HasSubstr;

MachineSpec spec_of(const std::string& yaml) { return parse_machine_yaml(yaml, "m").spec(); }

VmShape shape_of(const std::string& yaml) { return VmShape(Machine(spec_of(yaml))); }

bool says(const std::vector<std::string>& words, const std::string& option, const std::string& value) {
  for (size_t i = 0; i + 1 < words.size(); ++i)
    if (words[i] == option && words[i + 1] == value) return true;
  return false;
}

std::string refusal(const std::string& yaml) {
  try {
    shape_of(yaml);
  } catch (const Error& error) {
    return error.what();
  }
  return "none";
}

TEST(VmShape, QemuIsToldNodesCachesCoresAndDistances) {
  const auto words = shape_of("{nodes: 2, llcs_per_node: 2, cores_per_llc: 3, distances: [[10, 20], [20, 10]]}")
                         .virtual_machine()
                         .hardware;
  EXPECT_TRUE(says(words, "-smp", "12,sockets=2,dies=2,cores=3,threads=1"));
  EXPECT_TRUE(says(words, "-numa", "node,nodeid=1,cpus=6-11,memdev=m1"));
  EXPECT_TRUE(says(words, "-numa", "dist,src=0,dst=1,val=20"));
  EXPECT_TRUE(says(words, "-cpu", "max,vendor=GenuineIntel"));
}

TEST(VmShape, AReclaimDistanceOf32IsAZen) {
  MachineSpec spec = spec_of("{nodes: 2, cores_per_llc: 8, distances: [[10, 32], [32, 10]]}");
  spec.reclaim_distance = 32;
  const VmShape shape{Machine(spec)};
  EXPECT_TRUE(says(shape.virtual_machine().hardware, "-cpu", "EPYC-Rome"));
  EXPECT_EQ(shape.summary(), "2 nodes at 32 of 8 cores, Zen");
  spec = spec_of("{llcs_per_node: 2, cores_per_llc: 8}");
  spec.reclaim_distance = 32;
  EXPECT_TRUE(says(VmShape(Machine(spec)).virtual_machine().hardware, "-cpu", "EPYC"));
  spec = spec_of("{llcs_per_node: 2, cores_per_llc: 4}");
  spec.reclaim_distance = 32;
  EXPECT_THROW(VmShape{Machine(spec)}, Error);
}

TEST(VmShape, ThreadsOfACoreAreNumberedSideBySideAsTheGuestNumbersThem) {
  const VmShape shape = shape_of("{cores_per_llc: 4, threads_per_core: 2, smt_numbering: split}");
  EXPECT_EQ(shape.machine().core_cpus(CoreId(1)), CpuSet::parse("2-3"));
  EXPECT_TRUE(says(shape.virtual_machine().hardware, "-smp", "8,sockets=1,dies=1,cores=4,threads=2"));
}

TEST(VmShape, WhatDoesNotFitIsRefusedWithItsNumber) {
  EXPECT_THAT(refusal("{nodes: 2, cores_per_llc: 64}"), HasSubstr("128 CPUs"));
  EXPECT_THAT(refusal("{nodes: 2, cores_per_llc: 64}"), HasSubstr("at most 64"));
  EXPECT_THAT(refusal("{cpus: [{cpus: 0-3, llc: 0}, {cpus: 4-5, llc: 1}]}"), HasSubstr("not all alike"));
  EXPECT_THAT(refusal("{cpus: [{cpus: 0-1}, {cpus: 2-3, node: 1, llc: 1, capacity: 446}]}"),
              HasSubstr("several nodes"));
  EXPECT_EQ(refusal("{nodes: 4, cores_per_llc: 16}"), "none");
}

TEST(VmShape, UnequalCoresAreTakenForThatByADeviceTree) {
  const VmShape shape = shape_of("{cpus: [{cpus: '1-2', llc: 1}, {cpus: '0,3', capacity: 446}]}");
  EXPECT_EQ(shape.summary(), "2 CPUs of capacity 446 and 2 of 1024 in 2 LLCs");
  const Cpu& little = shape.machine().cpu(CpuId(3));
  EXPECT_EQ(little.kernel_capacity, 446);
  EXPECT_EQ(little.capacity, kCapacityScale);  // emulated CPUs are equally fast
  const VirtualMachine machine = shape.virtual_machine();
  EXPECT_EQ(machine.architecture, Architecture::kArm64);
  const auto has = [&](const std::string& change) {
    return std::find(machine.device_tree.begin(), machine.device_tree.end(), change) != machine.device_tree.end();
  };
  EXPECT_TRUE(has("-t i FILE /cpus/cpu@3 capacity-dmips-mhz 446"));
  EXPECT_TRUE(has("-t i FILE /cpus/cpu@2 capacity-dmips-mhz 1024"));
  EXPECT_TRUE(has("-c FILE /cpus/cpu-map/socket0/cluster1/core1"));
}

TEST(VmShape, WhatTheGuestSeesMustBeTheShape) {
  const VmShape shape = shape_of("{nodes: 2, llcs_per_node: 2, cores_per_llc: 4}");
  const std::string head = "[ 1.7] CPU0 attaching sched-domain(s):\n",
                    tail = "[ 1.7] CPU1 attaching sched-domain(s):\n";
  const std::string right =
      "[ 1.7]  domain-0: span=0-3 level=MC\n[ 1.7]   groups: 0:{ span=0 }\n"
      "[ 1.7]   domain-1: span=0-7 level=PKG\n[ 1.7]    domain-2: span=0-15 level=NUMA\n";
  EXPECT_NO_THROW(shape.check_domains(head + right + tail));
  EXPECT_THROW(shape.check_domains(head + "[ 1.7]  domain-0: span=0-7 level=MC\n" + tail + right), Error);
  EXPECT_THROW(shape.check_domains(""), Error);
}

TEST(VirtualMachine, AnArm64OneHasItsOwnConsoleAndDeviceTree) {
  VirtualMachine machine;
  machine.architecture = Architecture::kArm64;
  const auto words = qemu_words(machine, "F");
  EXPECT_TRUE(says(words, "-dtb", "F/machine.dtb"));
  EXPECT_EQ(std::count(words.begin(), words.end(), "isa-debug-exit,iobase=0xf4,iosize=0x04"), 0);
}

TEST(VirtualMachine, AClockOfInstructionsIsAskedForByItsShift) {
  VirtualMachine machine;
  machine.hardware = {"-smp", "2"};
  auto words = qemu_words(machine, "F");
  EXPECT_TRUE(says(words, "-initrd", "F/initramfs"));
  EXPECT_EQ(std::count(words.begin(), words.end(), "-icount"), 0);
  machine.icount_shift = 2;
  words = qemu_words(machine, "F");
  EXPECT_TRUE(says(words, "-icount", "shift=2,sleep=off"));
  EXPECT_TRUE(says(words, "-smp", "2"));
}

}  // namespace
}  // namespace simsched

#include "topology/switched.h"

#include <gtest/gtest.h>

#include "topology/load/load.h"

namespace simsched {
namespace {

std::vector<int> mhz(const CoreType& type) {
  std::vector<int> list;
  for (const OperatingPoint& opp : type.opps) list.push_back(opp.mhz);
  return list;
}

// Two A57 and four A53: the two last A53 have no partner.
TEST(Switched, APairIsOneCpuWithTheOperatingPointsOfBoth) {
  for (SwitchedBy by : {SwitchedBy::kCluster, SwitchedBy::kPair}) {
    const std::optional<Machine> juno = switched_machine(load_machine("juno"), by, 50_us);
    ASSERT_TRUE(juno);
    EXPECT_EQ(juno->nr_cpus(), 2u);
    const CoreType& pair = juno->core_type(CpuId(0));
    EXPECT_EQ(pair.name, "a53+a57");
    // The A57 at 450 MHz does less than the A53 at 850.
    EXPECT_EQ(mhz(pair), (std::vector<int>{225, 287, 350, 387, 425, 625, 800, 950, 1100}));
    EXPECT_EQ(pair.little_opps, 5u);
    EXPECT_EQ(pair.opps[4].capacity, 446);
    EXPECT_EQ(pair.opps[4].cpu_uw, 93000);
    EXPECT_EQ(pair.opps[5].cpu_uw, 251000);
    EXPECT_EQ(juno->cpu(CpuId(1)).kernel_capacity, 1024);
    EXPECT_EQ(juno->nr_power_domains(), by == SwitchedBy::kCluster ? 1u : 2u);
    EXPECT_EQ(juno->spec().switching.kinds_share_clock, by == SwitchedBy::kPair);
    EXPECT_EQ(juno->spec().switching.cost, 50_us);
  }
}

TEST(Switched, NothingIsSwitchedWhereThereAreNotExactlyTwoKinds) {
  for (const char* name : {"vm-2c", "epyc-2s128c", "alderlake-8p8e", "pixel-1-3-4", "lunarlake-4p4e"})
    EXPECT_FALSE(switched_machine(load_machine(name), SwitchedBy::kPair, 0_ns)) << name;
}

TEST(Switched, WhatIsSwitchedCannotBeSwitchedAgain) {
  for (SwitchedBy by : {SwitchedBy::kCluster, SwitchedBy::kPair}) {
    const std::optional<Machine> hikey = switched_machine(load_machine("hikey960"), by, 0_ns);
    ASSERT_TRUE(hikey);
    EXPECT_EQ(hikey->nr_cpus(), 4u);
    EXPECT_FALSE(switched_machine(*hikey, by, 0_ns));
  }
}

}  // namespace
}  // namespace simsched

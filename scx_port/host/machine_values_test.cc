#include "scx_port/host/machine_values.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "topology/load/load.h"

namespace simsched::bpf {
namespace {

using ::testing::HasSubstr;

// Two nodes of one cache each, two cores to a cache, two threads to a core: CPUs 0 to 7.
const Machine& machine() {
  static const Machine machine = [] {
    MachineSpec spec;
    spec.name = "m";
    for (size_t i = 0; i < 8; ++i) spec.cpus.push_back({CoreId(i / 2), LlcId(i / 4), NodeId(i / 4)});
    return Machine(spec);
  }();
  return machine;
}

Tunable setting(TunableValue value) { return {"x", std::move(value), "c.yaml:1"}; }
std::string resolved(TunableValue value) {
  return resolve_machine_values({setting(std::move(value))}, machine(), Btf())[0].value.str();
}
std::string error_of(TunableValue value) {
  try {
    return resolved(std::move(value));
  } catch (const Error& error) {
    return error.what();
  }
}
TunableValue map(Tunables members) { return TunableValue(std::move(members)); }

TEST(MachineValues, AreNumbersOfTheMachineOrListsOfItsParts) {
  EXPECT_EQ(resolved("20ms"), "20ms") << "what has no $ stays";
  EXPECT_EQ(resolved("$nr_cpus"), "8");
  EXPECT_EQ(resolved("$smt"), "1");
  EXPECT_EQ(resolved("$hybrid"), "0");
  EXPECT_EQ(resolved("$cpus"), "[255]");
  EXPECT_EQ(resolved("$cpu_bytes"), "[255]");
  EXPECT_EQ(resolved("$cpu.llc"), "[0, 0, 0, 0, 1, 1, 1, 1]");
  EXPECT_EQ(resolved("$cpu.sibling"), "[1, 0, 3, 2, 5, 4, 7, 6]");
  EXPECT_EQ(resolved("$node.cpus"), "[[15], [240]]");
  EXPECT_EQ(resolved("$core.mask"), "[3, 12, 48, 192]");
  EXPECT_EQ(resolved("$cpus_by_thread"), "[0, 2, 4, 6, 1, 3, 5, 7]");
  EXPECT_EQ(resolved("$most_cpus_of_llc"), "4");
}

TEST(MachineValues, StandBesideAnOperator) {
  EXPECT_EQ(resolved("$nr_nodes > 1"), "1");
  EXPECT_EQ(resolved("$nr_llcs == 1"), "0");
  EXPECT_EQ(resolved("$most_cpus_of_llc / 8 max 1"), "1");
  EXPECT_EQ(resolved("$cpu.llc * 10"), "[0, 0, 0, 0, 10, 10, 10, 10]");
  EXPECT_THAT(error_of("$nr_cpus / 0"), HasSubstr("no division by 0"));
  EXPECT_THAT(error_of("$nr_cpus +"), HasSubstr("is no value"));
  EXPECT_THAT(error_of("$nr_cpus ^ 2"), HasSubstr("'^ 2' is nothing to do with a number"));
}

TEST(MachineValues, EachIsOneOfAllAndWhenLeavesOut) {
  EXPECT_EQ(resolved(map({{"each", "llc", ""}, {"id", "$llc.id", ""}, {"span", "$llc.cpus", ""}})),
            "[{id: 0, span: [15]}, {id: 1, span: [240]}]");
  EXPECT_EQ(resolved(map({{"each", "core", ""}, {"when", "$core.node == 1", ""}, {"id", "$core.id", ""}})),
            "[{id: 2}, {id: 3}]");
  EXPECT_EQ(resolved(TunableValue(TunableValue::List{"a", map({{"when", "$hybrid", ""}, {"b", "1", ""}}),
                                                     map({{"when", "true", ""}, {"c", "1", ""}})})),
            "[a, {c: 1}]");
  EXPECT_THAT(error_of(map({{"each", "socket", "c.yaml:9"}})), HasSubstr("c.yaml:9: 'each' takes no 'socket'"));
}

TEST(MachineValues, WhatThereIsNotIsSaid) {
  EXPECT_THAT(error_of("$nr_cpu"), HasSubstr("c.yaml:1: nothing of the machine is called '$nr_cpu'; did you mean"));
  EXPECT_THAT(error_of("$cpu.colour"), HasSubstr("'$cpu.colour'"));
  EXPECT_THAT(error_of("$sizeof nothing"), HasSubstr("no struct 'nothing'"));
  EXPECT_THAT(error_of("$"), HasSubstr("'$'"));
}

TEST(MachineValues, MoreThanAnybodyNeedsIsRefused) {
  MachineSpec spec;
  spec.name = "large";
  for (size_t i = 0; i < 20'000; ++i) spec.cpus.push_back({CoreId(i), LlcId(0), NodeId(0)});
  const Machine large(spec);
  EXPECT_THROW(resolve_machine_values({setting("$cpu.cpus")}, large, Btf()), Error);
}

}  // namespace
}  // namespace simsched::bpf

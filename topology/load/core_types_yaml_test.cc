#include "topology/load/core_types_yaml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "topology/load/load.h"
#include "topology/load/machine_yaml.h"

namespace simsched {
namespace {

using testing::HasSubstr;

Machine parse(const std::string& text) { return parse_machine_yaml(text, "m.yaml"); }

std::string refusal(const std::string& text) {
  try {
    parse(text);
  } catch (const Error& error) {
    EXPECT_NE(error.remedy(), "") << error.what();
    return error.what();
  }
  return "accepted";
}

TEST(CoreTypesYaml, EveryKeyIsRead) {
  const std::string path = SIMSCHED_SOURCE_DIR "/tests/fuzz/corpus/machine_yaml/core-types.yaml";
  Machine machine = load_machine(path);
  const CoreType& big = machine.core_type(CpuId(0));
  EXPECT_EQ(big.name, "big");
  ASSERT_EQ(big.opps.size(), 2u);
  EXPECT_EQ(big.opps[0], (OperatingPoint{500, 512, 100000, 20000}));  // capacity by frequency
  EXPECT_EQ(big.opps[1], (OperatingPoint{1000, 1024, 300001, 5}));
  ASSERT_EQ(big.idle_states.size(), 2u);
  EXPECT_TRUE(big.idle_states[0].polls);
  EXPECT_EQ(big.idle_states[1], (IdleState{"C1", 2_us, 4_us, 1000, 0, false}));
  EXPECT_EQ(big.class_speed, (std::array<int32_t, kNrWorkClasses>{1024, 900, 800, 1024}));
  EXPECT_EQ(big.class_smt_share, (std::array<int32_t, kNrWorkClasses>{0, 500, 0, 0}));
  EXPECT_EQ(big.isa, 0b11u);
  EXPECT_EQ(big.transition_latency, 20_us);
  EXPECT_EQ(big.transition_delay, 500_us);
  EXPECT_EQ(machine.core_type(CpuId(5)).isa, ~IsaSet{0});
  EXPECT_EQ(machine.cpu(CpuId(4)).capacity, 400);
  EXPECT_EQ(machine.cpu(CpuId(4)).kernel_capacity, 400);
  EXPECT_EQ(machine.nr_power_domains(), 2u);
  EXPECT_EQ(machine.power_domain_cpus(machine.cpu(CpuId(5)).power_domain).str(), "4-5");
}

TEST(CoreTypesYaml, ARegularMachineIsOfItsFirstType) {
  Machine machine = parse("{cores_per_llc: 2, core_types: {a: {opps: [{mhz: 10, capacity: 300}]}}}");
  EXPECT_EQ(machine.core_type(CpuId(1)).name, "a");
  EXPECT_EQ(machine.cpu(CpuId(1)).capacity, 300);
}

TEST(CoreTypesYaml, TypesOfAPresetAreReplacedByName) {
  Machine machine = parse("{preset: juno, core_types: {a53: {opps: [{mhz: 10, capacity: 99, cpu_mw: 1}]}}}");
  EXPECT_EQ(machine.cpu(CpuId(0)).capacity, 99);
  EXPECT_EQ(machine.cpu(CpuId(0)).kernel_capacity, 99);
  EXPECT_EQ(machine.cpu(CpuId(1)).capacity, 1024);
  EXPECT_EQ(machine.core_type(CpuId(1)), load_machine("juno").core_type(CpuId(1)));
  EXPECT_THAT(refusal("{preset: juno, core_types: {a54: {}}}"), HasSubstr("no core type 'a54'; did you mean 'a57'?"));
}

TEST(CoreTypesYaml, MistakesAreNamedWithTheirLine) {
  EXPECT_THAT(refusal("core_types:\n  a: {opp: 1}\n"), HasSubstr("m.yaml:2: a core type has no key 'opp'; did you"));
  EXPECT_THAT(refusal("core_types: 1"), HasSubstr("core_types is not a mapping"));
  EXPECT_THAT(refusal("core_types:\n  a:\n    opps:\n      - {capacity: 3}\n"),
              HasSubstr("m.yaml:4: an operating point has no 'mhz'"));
  EXPECT_THAT(refusal("core_types: {a: {opps: [{mhz: 1, cpu_mw: 1, cpu_uw: 1}]}}"), HasSubstr("both 'cpu_mw' and"));
  EXPECT_THAT(refusal("core_types: {a: {opps: [{mhz: 1, cpu_mw: -1}]}}"), HasSubstr("cpu_mw is -1"));
  EXPECT_THAT(refusal("\ncore_types: {a: {opps: [{mhz: 2, capacity: 5}, {mhz: 1, capacity: 9}]}}"),
              HasSubstr("m.yaml:2: core type 'a' has 1 MHz after 2 MHz"));
  EXPECT_THAT(refusal("core_types: {a: {idle_states: [{exit_latency_us: 1}]}}"), HasSubstr("idle state has no 'name'"));
  EXPECT_THAT(refusal("core_types: {a: {isa: [avx51]}}"), HasSubstr("did you mean 'avx512'?"));
  EXPECT_THAT(refusal("core_types: {a: {class_speed: {vektor: 3}}}"), HasSubstr("did you mean 'vector'?"));
  EXPECT_THAT(refusal("core_types: {big: {}}\ncpus:\n  - {cpus: 0, type: bog}\n"),
              HasSubstr("m.yaml:3: there is no core type 'bog'; did you mean 'big'?"));
  EXPECT_THAT(refusal("cpus:\n  - {cpus: 0, type: bog}\n"), HasSubstr("list it under core_types"));
  EXPECT_THAT(refusal("core_types: {a: {}, a: {}}"), HasSubstr("'a' is given twice"));
  EXPECT_THAT(refusal("core_types: {a: {}, b: {}}\ncpus:\n  - {cpus: 0, type: a, power_domain: 0}\n"
                      "  - {cpus: 1, type: b, power_domain: 0}\n"),
              HasSubstr("one power domain and of two core types"));
  EXPECT_THAT(refusal("core_types: {a: {opps: [{mhz: 1, capacity: 5}]}}\ncpus: [{cpus: 0, capacity: 7}]"),
              HasSubstr("m.yaml:1: core type 'a' reaches capacity 5 and CPU 0 has 7"));
}

}  // namespace
}  // namespace simsched

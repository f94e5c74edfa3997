#include "topology/load/machine_yaml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>

#include "base/error.h"

namespace simsched {
namespace {

using testing::HasSubstr;

Machine parse(const std::string& text) { return parse_machine_yaml(text, "m.yaml"); }

// The message for bad `text`; it is one line.
std::string refusal(const std::string& text) {
  try {
    parse(text);
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::Not(HasSubstr("\n")));
    EXPECT_NE(error.remedy(), "") << error.what();
    return error.what();
  }
  return "accepted";
}

TEST(MachineYaml, RegularMachine) {
  Machine machine = parse("{name: m, nodes: 2, llcs_per_node: 3, cores_per_llc: 4, threads_per_core: 2}");
  EXPECT_EQ(machine.name(), "m");
  EXPECT_EQ(machine.nr_cpus(), 48u);
  EXPECT_EQ(machine.node_cpus(NodeId(1)).str(), "24-47");
  EXPECT_EQ(machine.llc_cpus(LlcId(1)).str(), "8-15");
  EXPECT_EQ(machine.smt_cpus(CpuId(5)).str(), "4-5");
}

TEST(MachineYaml, SplitNumberingPutsSiblingsApart) {
  Machine machine = parse("{nodes: 2, cores_per_llc: 2, threads_per_core: 2, smt_numbering: split}");
  EXPECT_EQ(machine.smt_cpus(CpuId(1)).str(), "1,5");
  EXPECT_EQ(machine.node_cpus(NodeId(1)).str(), "2-3,6-7");
}

TEST(MachineYaml, FileNameNamesANamelessMachine) {
  EXPECT_EQ(parse_machine_yaml("{nodes: 1}", "configs/machines/big.yaml").name(), "big");
}

TEST(MachineYaml, ListedMachine) {
  Machine machine = parse(
      "cpus:\n"
      "  - {cpus: 0-3, threads_per_core: 2, llc: 0}\n"
      "  - {cpus: \"4,6\", core: 9, llc: 1, node: 1, capacity: 500}\n"
      "  - {cpus: 5, llc: 1, node: 1, capacity: 300}\n");
  EXPECT_EQ(machine.nr_cores(), 4u);
  EXPECT_EQ(machine.smt_cpus(CpuId(2)).str(), "2-3");
  EXPECT_EQ(machine.smt_cpus(CpuId(6)).str(), "4,6");
  EXPECT_EQ(machine.cpu(CpuId(5)).core, CoreId(3));
  EXPECT_EQ(machine.cpu(CpuId(5)).capacity, 300);
  EXPECT_EQ(machine.node_cpus(NodeId(1)).str(), "4-6");
}

TEST(MachineYaml, CostsDistancesAndShares) {
  Machine machine = parse(
      "{nodes: 2, capacity: 700, smt_share: 600, distances: [[10, 32], [32, 10]],\n"
      " costs: {context_switch_ns: 1, refill_remote_ns: 9}}");
  EXPECT_EQ(machine.cpu(CpuId(1)).capacity, 700);
  EXPECT_EQ(machine.smt_share(), 600);
  EXPECT_EQ(machine.distance(NodeId(0), NodeId(1)), 32);
  EXPECT_EQ(machine.costs().context_switch, 1_ns);
  EXPECT_EQ(machine.costs().refill_remote, 9_ns);
  EXPECT_EQ(machine.costs().stopper, Costs().stopper);
}

TEST(MachineYaml, OverridesOfAPreset) {
  EXPECT_EQ(parse("{preset: vm-2c, cpus: 1}").nr_cpus(), 1u);
  EXPECT_EQ(parse("{preset: vm-2c, cpus: 1}").costs().idle_poll_window, 15_us);
  Machine little = parse("{preset: juno, cpus: \"0,3-5\", costs: {stopper_ns: 7}}");
  EXPECT_EQ(little.nr_cpus(), 4u);
  EXPECT_EQ(little.cpu(CpuId(3)).capacity, 446);
  EXPECT_EQ(little.costs().stopper, 7_ns);
  Machine no_smt = parse("{preset: epyc-2s128c, smt: false, name: no-smt}");
  EXPECT_EQ(no_smt.nr_cpus(), 128u);
  EXPECT_EQ(no_smt.nr_cores(), 128u);
  EXPECT_EQ(no_smt.name(), "no-smt");
  EXPECT_EQ(parse("{preset: numa-8n, cpus: 16, distances: [[10, 99], [99, 10]]}").distance(NodeId(0), NodeId(1)), 99);
}

TEST(MachineYaml, UnknownKeyNamesLineAndNearest) {
  EXPECT_EQ(refusal("name: m\nnodes: 2\ncores_per_lcc: 4\n"),
            "m.yaml:3: a machine has no key 'cores_per_lcc'; did you mean 'cores_per_llc'?");
  EXPECT_EQ(refusal("costs:\n  context_swich_ns: 4\n"),
            "m.yaml:2: costs has no key 'context_swich_ns'; did you mean 'context_switch_ns'?");
  EXPECT_THAT(refusal("cpus:\n  - {cpus: 0, lcc: 1}\n"), HasSubstr("m.yaml:2: a group of CPUs has no key 'lcc'; did"));
  EXPECT_EQ(refusal("preset: junp"), "m.yaml:1: there is no preset 'junp'; did you mean 'juno'?");
  EXPECT_THAT(refusal("smt_numbering: splt"), HasSubstr("did you mean 'split'?"));
}

TEST(MachineYaml, WrongTypesAndRanges) {
  EXPECT_THAT(refusal("nodes: two"), HasSubstr("m.yaml:1: nodes is 'two', not a whole number; take"));
  EXPECT_THAT(refusal("nodes: 0"), HasSubstr("nodes is 0; take a whole number from 1 to"));
  EXPECT_THAT(refusal("nodes: 1.5"), HasSubstr("'1.5', not a whole number"));
  EXPECT_THAT(refusal("nodes: [1]"), HasSubstr("nodes is not a number"));
  EXPECT_THAT(refusal("nodes: 99999999999999999999"), HasSubstr("nodes is 99999999999999999999; take"));
  EXPECT_THAT(refusal("nodes:"), HasSubstr("m.yaml:1: nodes is"));
  EXPECT_THAT(refusal("\ncapacity: 1025"), HasSubstr("m.yaml:2: capacity is 1025"));
  EXPECT_THAT(refusal("costs: {stopper_ns: -1}"), HasSubstr("stopper_ns is -1"));
  EXPECT_THAT(refusal("costs: 5"), HasSubstr("m.yaml:1: costs is '5', which is no mapping and no file"));
  EXPECT_THAT(refusal("smt: maybe"), HasSubstr("write true or false"));
  EXPECT_THAT(refusal("nodes: 2\nnodes: 3"), HasSubstr("m.yaml:2: 'nodes' is given twice"));
  EXPECT_THAT(refusal("[1, 2]"), HasSubstr("a machine is not a mapping"));
  EXPECT_THAT(refusal("1"), HasSubstr("a machine is not a mapping"));
  EXPECT_THAT(refusal("a: [1"), HasSubstr("this is not YAML"));
}

TEST(MachineYaml, TooLarge) {
  EXPECT_THAT(refusal("{nodes: 1024, cores_per_llc: 65}"), HasSubstr("more than 65536 CPUs"));
  EXPECT_THAT(refusal("{nodes: 65536, llcs_per_node: 65536, cores_per_llc: 65536, threads_per_core: 65536}"),
              HasSubstr("more than 65536 CPUs"));
  EXPECT_THAT(refusal("nodes: 1025"), HasSubstr("1025 nodes; the most is 1024"));
}

TEST(MachineYaml, BadDistances) {
  for (const char* cpus : {"{cpus: 0-5}", "{}", "~"})
    EXPECT_THAT(refusal(std::string("nodes: 2\ncpus: ") + cpus), HasSubstr("m.yaml:2: cpus is no list and no number"));
  EXPECT_THAT(refusal("nodes: 2\ndistances: 5"), HasSubstr("m.yaml:2: distances is not a matrix"));
  EXPECT_THAT(refusal("nodes: 2\ndistances:\n  - [10, 20]\n  - [20]"), HasSubstr("m.yaml:4: a row of distances"));
  EXPECT_THAT(refusal("nodes: 2\ndistances: [[10, 20], [30, 10]]"), HasSubstr("m.yaml:2: distance of nodes 0 and 1"));
  EXPECT_THAT(refusal("nodes: 3\ndistances: [[10, 20], [20, 10]]"), HasSubstr("m.yaml:2: distances have 2 rows"));
  EXPECT_THAT(refusal("nodes: 2\ndistances: [[10, 9], [9, 10]]"), HasSubstr("a distance is 9"));
  EXPECT_THAT(refusal("nodes: 2\ndistances:\n- [10, 20]\n- [10, 10]"), HasSubstr("m.yaml:4: nodes 1 and 0 are 10 apart"));
}

TEST(MachineYaml, Memory) {
  const std::string text =
      "nodes: 2\nllcs_per_node: 2\nmemory: {latency_ns: [[80, 140], [150, 90]], node_mbs: 5, link_mbs: [1, 2], "
      "llc_kib: 8}";
  MemorySpec memory = parse(text).memory();
  EXPECT_EQ(memory.latency_ns, (std::vector<std::vector<int64_t>>{{80, 140}, {150, 90}}));
  EXPECT_EQ(memory.node_mbs, (std::vector<int64_t>{5, 5}));
  EXPECT_EQ(memory.link_mbs, (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(memory.llc_kib, (std::vector<int64_t>{8, 8, 8, 8}));
  EXPECT_FALSE(parse("nodes: 2").memory().known());
  EXPECT_TRUE(parse("isa_affinity: true").spec().isa_affinity);
  // Of another machine, what is given replaces what was there.
  memory = parse("{preset: epyc-2s128c, memory: {node_mbs: 7}}").memory();
  EXPECT_EQ(memory.latency_ns[0][1], 195);
  EXPECT_EQ(memory.node_mbs, (std::vector<int64_t>{7, 7}));
  EXPECT_EQ(parse("{preset: epyc-2s128c, cpus: 64, memory: {latency_ns: [[70]]}}").memory().latency_ns[0][0], 70);
}

TEST(MachineYaml, BadMemory) {
  EXPECT_THAT(refusal("nodes: 2\nmemory: {latency: 3}"), HasSubstr("m.yaml:2: memory has no key 'latency'; did"));
  EXPECT_THAT(refusal("memory: {latency_ns: 80}"), HasSubstr("latency_ns is not a matrix"));
  EXPECT_THAT(refusal("nodes: 2\nmemory:\n  latency_ns: [[80, 140]]"),
              HasSubstr("m.yaml:2: latency_ns is not a matrix"));
  EXPECT_THAT(refusal("memory:\n  latency_ns:\n    - [0]"), HasSubstr("m.yaml:3: a latency is 0"));
  EXPECT_THAT(refusal("nodes: 2\nmemory: {node_mbs: [1, 2, 3]}"), HasSubstr("one a node; give 2"));
  EXPECT_THAT(refusal("nodes: 2\nmemory: {latency_ns: [[80, 70], [90, 80]]}"),
              HasSubstr("node 0 reads node 1 in 70 ns and its own memory in 80"));
}

TEST(MachineYaml, BadCpuLists) {
  EXPECT_THAT(refusal("cpus:\n  - {cpus: 0-3}\n  - {cpus: 3}\n"), HasSubstr("m.yaml:3: CPU 3 is listed twice"));
  EXPECT_THAT(refusal("cpus:\n  - {cpus: 0-3}\n  - {cpus: 5}\n"), HasSubstr("m.yaml:1: CPU 4 is missing"));
  EXPECT_THAT(refusal("cpus:\n  - {cpus: 0-2, threads_per_core: 2}\n"),
              HasSubstr("3 CPUs are no whole number of cores"));
  EXPECT_THAT(refusal("cpus:\n  - {cpus: 0-x}\n"), HasSubstr("m.yaml:2: '0-x' is not a list of CPUs"));
  EXPECT_THAT(refusal("cpus:\n  - {llc: 0}\n"), HasSubstr("m.yaml:2: a group of CPUs has no 'cpus'"));
  EXPECT_THAT(refusal("cpus:\n  - 4\n"), HasSubstr("m.yaml:2: a group of CPUs is not a mapping"));
  EXPECT_THAT(refusal("cpus: []"), HasSubstr("m.yaml:1: the machine has no CPU"));
  EXPECT_THAT(refusal("cpus:\n  - {cpus: 0, core: 1, threads_per_core: 1}\n"), HasSubstr("both 'core' and"));
  // One core in two LLCs: levels must nest.
  EXPECT_THAT(refusal("cpus:\n  - {cpus: 0, core: 0, llc: 0}\n  - {cpus: 1, core: 0, llc: 1}\n"),
              HasSubstr("m.yaml:1: core 0 lies in llc 0 and 1"));
  EXPECT_THAT(refusal("cpus:\n  - {cpus: 0, node: 1}\n"), HasSubstr("CPU 0 has node 1; number every node from 0"));
}

TEST(MachineYaml, SourcesDoNotMix) {
  EXPECT_THAT(refusal("preset: juno\nnodes: 2"), HasSubstr("m.yaml:2: 'nodes' does not go with 'preset'"));
  EXPECT_THAT(refusal("preset: juno\nhwloc: x.xml"), HasSubstr("does not go with"));
  EXPECT_THAT(refusal("preset: juno\ncpus: [{cpus: 0}]"), HasSubstr("to keep some CPUs"));
  EXPECT_THAT(refusal("preset: juno\ncpus: 0"), HasSubstr("cpus is 0; take a whole number from 1 to"));
  EXPECT_THAT(refusal("preset: juno\ncpus: 4-9"), HasSubstr("m.yaml:2: cpus is '4-9' and the machine has CPUs 0-5"));
  EXPECT_THAT(refusal("hwloc: no-such.xml"), HasSubstr("m.yaml:1: there is no file no-such.xml"));
}

RC_GTEST_PROP(MachineYamlProperty, RegularMachinesHaveTheirCountsAndNest, ()) {
  auto count = [](int most) { return static_cast<size_t>(*rc::gen::inRange(1, most + 1)); };
  size_t nodes = count(5), llcs = count(4), cores = count(9), threads = count(3);
  bool split = *rc::gen::arbitrary<bool>();
  Machine machine =
      parse("{nodes: " + std::to_string(nodes) + ", llcs_per_node: " + std::to_string(llcs) +
            ", cores_per_llc: " + std::to_string(cores) + ", threads_per_core: " + std::to_string(threads) +
            ", smt_numbering: " + (split ? "split}" : "adjacent}"));
  RC_ASSERT(machine.nr_nodes() == nodes);
  RC_ASSERT(machine.nr_llcs() == nodes * llcs);
  RC_ASSERT(machine.nr_cores() == nodes * llcs * cores);
  RC_ASSERT(machine.nr_cpus() == nodes * llcs * cores * threads);
  for (CpuId cpu : machine.cpus()) {
    const Cpu& unit = machine.cpu(cpu);
    RC_ASSERT(machine.smt_cpus(cpu).size() == threads);
    RC_ASSERT(machine.smt_cpus(cpu).subset_of(machine.llc_cpus(unit.llc)));
    RC_ASSERT(machine.llc_cpus(unit.llc).subset_of(machine.node_cpus(unit.node)));
    RC_ASSERT(machine.llc_cpus(unit.llc).size() == cores * threads);
  }
}

}  // namespace
}  // namespace simsched

#include "topology/draw/render.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "topology/load/load.h"
#include "topology/load/machine_yaml.h"

namespace simsched {
namespace {

using testing::HasSubstr;

size_t count(const std::string& text, const std::string& part) {
  size_t found = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

TEST(Render, TableTellsKindsOfCoresApart) {
  std::string table = machine_table(load_machine("alderlake-8p8e"));
  EXPECT_THAT(table, HasSubstr("alderlake-8p8e: 24 CPUs, 16 cores, 1 LLC, 1 node\n"));
  EXPECT_THAT(table,
              HasSubstr("8 cores x 2 threads, capacity 1024, priority 66 (CPUs 0-15); 8 cores, capacity 605 (1024 "
                        "to the kernel), priority 39 (CPUs 16-23)"));
  EXPECT_THAT(table, testing::Not(HasSubstr("distances")));
  EXPECT_THAT(machine_table(load_machine("epyc-2s128c")), HasSubstr("\n     1   32   10\n"));
}

TEST(Render, TableHasWhatIsKnownOfCoreTypes) {
  std::string table = machine_table(load_machine("juno"));
  EXPECT_THAT(table, HasSubstr("core type a57: CPUs 1-2, clocks of CPUs 1-2\n"));
  EXPECT_THAT(table, HasSubstr("           850           446            93            57\n"));
  EXPECT_THAT(table, HasSubstr(" cluster-sleep          1600          2500             0            24\n"));
  EXPECT_THAT(machine_table(load_machine("epyc-2s128c")), HasSubstr("CPUs 0-255, a clock a core\n"));
  EXPECT_THAT(machine_table(load_machine("vm-2c")), testing::Not(HasSubstr("core type")));
}

// A machine written as JSON and read again is the same machine.
TEST(Render, JsonIsAMachineFile) {
  for (const std::string& name : preset_names()) {
    Machine machine = load_machine(name);
    std::string json = machine_json(machine);
    Machine again = parse_machine_yaml(json, "again.json");
    EXPECT_EQ(machine_json(again), json) << name;
    EXPECT_EQ(machine_table(again), machine_table(machine)) << name;
  }
}

TEST(Render, DotHasEveryVertexAndEdge) {
  Machine machine = load_machine("numa-8n");
  std::string dot = machine_dot(machine);
  EXPECT_EQ(count(dot, "[label=\"CPU "), machine.nr_cpus());
  EXPECT_EQ(count(dot, " -- "), boost::num_edges(machine.graph()));
  EXPECT_EQ(count(dot, "[label=22,"), 10u);
}

TEST(Render, SvgHasABoxForEachUnit) {
  Machine machine = load_machine("desktop-2llc");
  std::string svg = machine_svg(machine);
  EXPECT_EQ(count(svg, "class=\"cpu\""), 32u);
  EXPECT_EQ(count(svg, "class=\"core\""), 16u);
  EXPECT_EQ(count(svg, "class=\"llc\""), 2u);
  EXPECT_EQ(count(svg, "class=\"node\""), 1u);
  EXPECT_EQ(count(svg, "<g>"), count(svg, "</g>"));
}

// Bars and a line for operating points, a row for each idle state; both tables over nodes.
TEST(Render, SvgDrawsOperatingPointsIdleStatesAndLatencies) {
  const std::string juno = machine_svg(load_machine("juno"));
  EXPECT_EQ(count(juno, "class=\"core-power\""), 10u);
  EXPECT_EQ(count(juno, "class=\"shared-power\""), 10u);
  EXPECT_EQ(count(juno, "<polyline class=\"capacity\""), 2u);
  EXPECT_EQ(count(juno, "class=\"sleeping\""), 6u);
  EXPECT_THAT(juno, HasSubstr("core type a57, CPUs 1-2"));
  EXPECT_THAT(juno, HasSubstr("1600 us to leave, pays from 2500 us on"));
  const std::string xeon = machine_svg(load_machine("xeon-4s"));
  EXPECT_EQ(count(xeon, "class=\"cell\""), 32u);
  EXPECT_EQ(count(xeon, "class=\"core-power\""), 0u);
}

TEST(Render, NamesCannotBreakOut) {
  Machine machine = parse_machine_yaml("name: 'a\"<b>&'", "m.yaml");
  EXPECT_THAT(machine_svg(machine), HasSubstr("a&quot;&lt;b&gt;&amp;"));
  EXPECT_THAT(machine_dot(machine), HasSubstr("[label=\"a\\\"<b>&\"]"));
  EXPECT_EQ(parse_machine_yaml(machine_json(machine), "m.yaml").name(), machine.name());
}

}  // namespace
}  // namespace simsched

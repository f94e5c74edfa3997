#include "topology/machine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/graph/dijkstra_shortest_paths.hpp>
#include <boost/property_map/function_property_map.hpp>

#include "base/error.h"
#include "topology/load/load.h"
#include "topology/select_cpus.h"

namespace simsched {
namespace {

using testing::HasSubstr;

// Two nodes of one LLC of two cores of two threads, siblings side by side.
MachineSpec two_nodes() {
  MachineSpec spec;
  spec.name = "two";
  for (int32_t i = 0; i < 8; ++i) spec.cpus.push_back({CoreId(i / 2), LlcId(i / 4), NodeId(i / 4), kCapacityScale});
  return spec;
}

void expect_refused(const MachineSpec& spec, const std::string& field, const std::string& problem) {
  try {
    Machine machine(spec);
    FAIL() << "accepted, expected: " << problem;
  } catch (const Error& error) {
    EXPECT_EQ(error.where(), field);
    EXPECT_THAT(error.problem(), HasSubstr(problem));
    EXPECT_NE(error.remedy(), "");
  }
}

TEST(Machine, IndexesEveryLevel) {
  Machine machine(two_nodes());
  EXPECT_EQ(machine.nr_cpus(), 8u);
  EXPECT_EQ(machine.nr_cores(), 4u);
  EXPECT_EQ(machine.nr_llcs(), 2u);
  EXPECT_EQ(machine.nr_nodes(), 2u);
  EXPECT_EQ(machine.cpus().str(), "0-7");
  EXPECT_EQ(machine.smt_cpus(CpuId(3)).str(), "2-3");
  EXPECT_EQ(machine.llc_cpus(LlcId(1)).str(), "4-7");
  EXPECT_EQ(machine.node_cpus(NodeId(0)).str(), "0-3");
}

TEST(Machine, DistanceNamesTheNearestSharedLevel) {
  MachineSpec spec = two_nodes();
  for (int32_t i = 0; i < 8; ++i) spec.cpus[static_cast<size_t>(i)].llc = LlcId(i / 2);  // an LLC a core
  Machine llc_per_core(spec), llc_per_node(two_nodes());
  EXPECT_EQ(llc_per_node.distance(CpuId(0), CpuId(0)), Distance::kSameCpu);
  EXPECT_EQ(llc_per_node.distance(CpuId(0), CpuId(1)), Distance::kSmt);
  EXPECT_EQ(llc_per_node.distance(CpuId(0), CpuId(2)), Distance::kLlc);
  EXPECT_EQ(llc_per_core.distance(CpuId(0), CpuId(2)), Distance::kNode);
  EXPECT_EQ(llc_per_node.distance(CpuId(0), CpuId(4)), Distance::kRemote);
}

TEST(Machine, DistancesDefaultToTheKernels) {
  Machine machine(two_nodes());
  EXPECT_EQ(machine.distance(NodeId(0), NodeId(0)), 10);
  EXPECT_EQ(machine.distance(NodeId(0), NodeId(1)), 20);
}

TEST(Machine, GraphIsTheTreeWithDistancesBetweenNodes) {
  Machine machine = load_machine("numa-8n");
  const Machine::Graph& graph = machine.graph();
  EXPECT_EQ(boost::num_vertices(graph), 1 + 8 + 8 + 64 + 64u);
  EXPECT_EQ(boost::num_edges(graph), 8 + 8 + 64 + 64 + 8 * 7 / 2u);
  // Vertex 1 is node 0. Every distance of the preset is reached directly: its interconnect obeys the triangle
  // inequality.
  std::vector<int> far(boost::num_vertices(graph));
  auto between_nodes = [&](auto edge) { return graph[edge].distance == 0 ? 1000 : graph[edge].distance; };
  boost::dijkstra_shortest_paths(
      graph, 1,
      boost::distance_map(far.data())
          .weight_map(boost::make_function_property_map<Machine::Graph::edge_descriptor>(between_nodes)));
  for (int32_t node = 1; node < 8; ++node)
    EXPECT_EQ(far[static_cast<size_t>(1 + node)], machine.distance(NodeId(0), NodeId(node)));
}

TEST(Machine, RefusesWhatIsNotAMachine) {
  expect_refused({}, "cpus", "no CPU");
  MachineSpec spec = two_nodes();
  spec.cpus[3].core = CoreId();
  expect_refused(spec, "cpus", "CPU 3 has core -1");
  spec = two_nodes();
  spec.cpus[6].core = spec.cpus[7].core = CoreId(7);
  expect_refused(spec, "cpus", "no CPU in core 3");
  spec = two_nodes();
  spec.cpus[1].llc = LlcId(1);
  expect_refused(spec, "cpus", "core 0 lies in llc 0 and 1");
  spec = two_nodes();
  spec.cpus[2].node = spec.cpus[3].node = NodeId(1);
  expect_refused(spec, "cpus", "llc 0 lies in node 0 and 1");
  spec = two_nodes();
  spec.cpus[5].capacity = 0;
  expect_refused(spec, "cpus", "CPU 5 has capacity 0");
  spec.cpus[5].capacity = 512;
  expect_refused(spec, "cpus", "CPUs 4-5 are one core and differ in capacity");
  spec = two_nodes();
  spec.smt_share = 1025;
  expect_refused(spec, "smt_share", "1025");
  spec = two_nodes();
  spec.cpus.resize(kMaxCpus + 1);
  expect_refused(spec, "cpus", "65537 CPUs");
}

TEST(Machine, RefusesBadDistances) {
  MachineSpec spec = two_nodes();
  spec.distances = {{10, 20}};
  expect_refused(spec, "distances", "1 rows");
  spec.distances = {{10, 20}, {20}};
  expect_refused(spec, "distances", "row 1 of distances has 1 numbers");
  spec.distances = {{10, 20}, {21, 10}};
  expect_refused(spec, "distances", "nodes 0 and 1 is 20 one way and 21 back");
  spec.distances = {{11, 20}, {20, 10}};
  expect_refused(spec, "distances", "nodes 0 and 0 is 11");
  spec.distances = {{10, 255}, {255, 10}};
  expect_refused(spec, "distances", "is 255");
}

TEST(SelectCpus, RenumbersWhatIsLeft) {
  MachineSpec spec = two_nodes();
  spec.distances = {{10, 33}, {33, 10}};
  Machine kept(select_cpus(Machine(spec).spec(), CpuSet::parse("1,6-7")));
  EXPECT_EQ(kept.nr_cpus(), 3u);
  EXPECT_EQ(kept.nr_cores(), 2u);
  EXPECT_EQ(kept.nr_nodes(), 2u);
  EXPECT_EQ(kept.smt_cpus(CpuId(2)).str(), "1-2");
  EXPECT_EQ(kept.distance(NodeId(0), NodeId(1)), 33);
  Machine remote(select_cpus(Machine(spec).spec(), CpuSet::parse("4-7")));
  EXPECT_EQ(remote.nr_nodes(), 1u);
  EXPECT_EQ(remote.spec().distances, (std::vector<std::vector<int>>{{10}}));
}

TEST(Grow, MoreCoresLikeTheLastJoinItsCache) {
  Machine grown(grow(Machine(two_nodes()).spec(), 13));
  const Machine small(two_nodes());
  ASSERT_EQ(grown.nr_cpus(), 13u);
  EXPECT_EQ(grown.nr_nodes(), small.nr_nodes());
  EXPECT_EQ(grown.nr_llcs(), small.nr_llcs());
  const CpuId last(small.nr_cpus() - 1);
  for (size_t i = small.nr_cpus(); i < 13; ++i) {
    EXPECT_EQ(grown.cpu(CpuId(i)).llc, small.cpu(last).llc);
    EXPECT_EQ(grown.cpu(CpuId(i)).capacity, small.cpu(last).capacity);
  }
  EXPECT_EQ(grown.smt_cpus(CpuId(small.nr_cpus())).size(), small.smt_cpus(last).size());
  EXPECT_NE(grown.cpu(CpuId(small.nr_cpus())).core, small.cpu(last).core);
  EXPECT_NE(grown.cpu(CpuId(12)).cluster, grown.cpu(CpuId(8)).cluster);
}

}  // namespace
}  // namespace simsched

// Automatic NUMA balancing as a stock kernel does it: what follows what, and when.
#include <gtest/gtest.h>

#include "policies/registry.h"
#include "sim/testing.h"
#include "topology/load/machine_yaml.h"

namespace simsched {
namespace {

using testing::add_task;

constexpr int32_t kGib = 1024 * 1024;

Machine two_nodes(size_t cpus) {
  return parse_machine_yaml("{nodes: 2, cores_per_llc: " + std::to_string(cpus) +
                                ", memory: {latency_ns: [[80, 140], [140, 80]], node_mbs: 100000}}",
                            "test.yaml");
}

Op go_to(Workload& w, const std::string& cpus) {
  return op::set_affinity(cpus.empty() ? AffinityId(0) : w.intern_affinity(CpuSet::parse(cpus)));
}

// It works on these CPUs for so long, then on others.
TaskId add_mover(Workload& w, const std::vector<std::pair<std::string, Nanos>>& stays, int32_t kib) {
  std::vector<Op> program;
  for (const auto& [cpus, time] : stays) {
    program.push_back(go_to(w, cpus));
    program.push_back(op::compute(Work(time.count())));
  }
  const TaskId task = add_task(w, "mover", program);
  w.tasks.back().affinity = AffinityId(static_cast<size_t>(program[0].value));
  w.tasks.back().memory = 512;
  w.tasks.back().footprint_kib = kib;
  return task;
}

std::unique_ptr<Engine> make(const Machine& machine, const Workload& w, const Tunables& tunables = {}) {
  w.check(machine.nr_cpus());
  EngineOptions options;
  options.check_invariants = true;
  return std::make_unique<Engine>(machine, w, options, make_policy("eevdf", tunables, options.kernel, machine));
}

double share_on(const Engine& engine, TaskId task, NodeId node) {
  return static_cast<double>(engine.memory().pages(task, node)) / static_cast<double>(engine.memory().pages(task));
}

// The first scan is after 1 s of CPU time, then one of 256 MB every 250 ms.
TEST(NumaBalancing, PagesOfABoundThreadFollowIt) {
  const Machine machine = two_nodes(4);
  Workload w;
  const TaskId task = add_mover(w, {{"0-3", 400_ms}, {"4-7", 20_s}}, kGib);
  auto engine = make(machine, w);
  engine->run_until(900_ms);
  EXPECT_EQ(share_on(*engine, task, NodeId(1)), 0);
  engine->run_until(1200_ms);
  EXPECT_GT(share_on(*engine, task, NodeId(1)), 0);
  EXPECT_LT(share_on(*engine, task, NodeId(1)), 0.5);
  engine->run_until(3_s);
  EXPECT_GT(share_on(*engine, task, NodeId(1)), 0.9);
  engine->run();
  const RunResult result = engine->result();
  const int64_t faults = *result.find("fair_numa_hint_faults"), local = *result.find("fair_numa_hint_faults_local");
  EXPECT_GE(faults - local, kGib / 4);  // each page was elsewhere once
  EXPECT_LE(faults - local, kGib / 4 + 4);
  EXPECT_EQ(result.metric("pages_moved"), faults - local);
  EXPECT_LT(result.metric("memory_remote_ppm"), 100'000);
  EXPECT_EQ(*result.find("fair_numa_task_migrated"), 0);
}

const Tunables kQuick = {{"numa_scan_delay_ns", "100ms", ""}, {"numa_scan_period_min_ns", "100ms", ""}};

// Its pages were scanned often enough that it is known where they are.
TEST(NumaBalancing, TaskThatIsFreeToGoesHome) {
  const Machine machine = two_nodes(4);
  Workload w;
  const TaskId task = add_mover(w, {{"0-3", 3_s}, {"4-7", 1_ms}, {"", 5_s}}, kGib / 16);
  auto engine = make(machine, w, kQuick);
  engine->run_until(6_s);
  EXPECT_EQ(machine.cpu(engine->task_cpu(task)).node, NodeId(0));
  EXPECT_EQ(share_on(*engine, task, NodeId(0)), 1);
  engine->run();
  EXPECT_EQ(*engine->result().find("fair_numa_task_migrated"), 1);
  EXPECT_EQ(engine->result().metric("pages_moved"), 0);
}

TEST(NumaBalancing, WithoutItNothingFollowsAnything) {
  const Machine machine = two_nodes(4);
  Workload w;
  const TaskId task = add_mover(w, {{"0-3", 3_s}, {"4-7", 1_ms}, {"", 5_s}}, kGib / 16);
  auto engine = make(machine, w, {{"numa_balancing", "false", ""}});
  engine->run_until(6_s);
  EXPECT_EQ(machine.cpu(engine->task_cpu(task)).node, NodeId(1));
  EXPECT_EQ(share_on(*engine, task, NodeId(0)), 1);
  engine->run();
  EXPECT_EQ(engine->result().find("fair_numa_hint_faults"), std::nullopt);
}

TEST(NumaBalancing, TwoTasksChangePlacesWhereThereIsNoOther) {
  const Machine machine = two_nodes(1);
  Workload w;
  const TaskId a = add_mover(w, {{"0", 3_s}, {"1", 1_ms}, {"", 5_s}}, kGib / 16);
  const TaskId b = add_mover(w, {{"1", 3_s}, {"0", 1_ms}, {"", 5_s}}, kGib / 16);
  auto engine = make(machine, w, kQuick);
  engine->run_until(6_s);
  EXPECT_EQ(engine->task_cpu(a), CpuId(0));
  EXPECT_EQ(engine->task_cpu(b), CpuId(1));
  engine->run();
  EXPECT_EQ(*engine->result().find("fair_numa_task_swapped"), 1);
}

// As many tasks as CPUs, each on the wrong node at first: they end where their pages are, or these where they are.
TEST(NumaBalancing, EndsWithLocalMemory) {
  const Machine machine = two_nodes(4);
  Workload w;
  for (int i = 0; i < 8; ++i)
    add_mover(w, {{i % 2 ? "0-3" : "4-7", 500_ms}, {i % 2 ? "4-7" : "0-3", 10_ms}, {"", 20_s}}, kGib / 4);
  auto engine = make(machine, w);
  engine->run();
  EXPECT_LT(engine->result().metric("memory_remote_ppm"), 150'000);
}

// Threads of a process share a memory. They start where the kernel put them, or on the given nodes.
void add_process(Workload& w, int number, const std::vector<const char*>& cpus, int32_t kib) {
  for (const char* where : cpus) {
    const TaskId task = add_mover(w, {{where, 200_ms}, {"", 60_s}}, kib);
    w.tasks[task.index()].share = static_cast<uint16_t>(number);
  }
}

int threads_on(const Engine& engine, const Machine& machine, size_t first, size_t count, NodeId node) {
  int threads = 0;
  for (size_t i = first; i < first + count; ++i) threads += machine.cpu(engine.task_cpu(TaskId(i))).node == node;
  return threads;
}

// Documented of numa_group since Linux 3.13: workloads that share memory come together, each on a node of its own.
TEST(NumaGroups, TwoProcessesOnTwoNodesSeparate) {
  const Machine machine = two_nodes(4);
  Workload w;
  add_process(w, 1, {"0-3", "0-3", "0-3", "4-7"}, kGib / 2);
  add_process(w, 2, {"0-3", "4-7", "4-7", "4-7"}, kGib / 2);
  auto engine = make(machine, w);
  engine->run_until(30_s);
  const NodeId home = threads_on(*engine, machine, 0, 4, NodeId(0)) == 4 ? NodeId(0) : NodeId(1);
  const NodeId other(1 - home.value());
  EXPECT_EQ(threads_on(*engine, machine, 0, 4, home), 4);
  EXPECT_EQ(threads_on(*engine, machine, 4, 4, other), 4);
  EXPECT_GT(share_on(*engine, TaskId(0), home), 0.9);
  EXPECT_GT(share_on(*engine, TaskId(4), other), 0.9);
}

// A process that is too big for a node uses both, and its pages are spread over both.
TEST(NumaGroups, AProcessBiggerThanANodeSpreads) {
  const Machine machine = two_nodes(4);
  Workload w;
  add_process(w, 1, {"0-3", "0-3", "0-3", "0-3", "4-7", "4-7", "4-7", "4-7"}, kGib / 2);
  auto engine = make(machine, w);
  engine->run_until(30_s);
  EXPECT_EQ(threads_on(*engine, machine, 0, 8, NodeId(0)), 4);
  EXPECT_NEAR(share_on(*engine, TaskId(0), NodeId(0)), 0.5, 0.2);
}

// Its pages were all put on one node by whoever came first: they spread to where the others are.
TEST(NumaGroups, PagesSpreadOverTheNodesThatUseThem) {
  const Machine machine = two_nodes(4);
  Workload w;
  add_process(w, 1, {"0-3", "0-3", "0-3", "0-3", "4-7", "4-7", "4-7", "4-7"}, kGib / 2);
  for (size_t i = 1; i < 8; ++i) w.tasks[i].start = 300_ms;
  w.ops[w.tasks[0].first_op + 2] = op::sleep(1_us);  // before it may go elsewhere: its pages are counted
  auto engine = make(machine, w);
  engine->run_until(500_ms);
  EXPECT_EQ(share_on(*engine, TaskId(0), NodeId(0)), 1);
  engine->run_until(40_s);
  EXPECT_NEAR(share_on(*engine, TaskId(0), NodeId(0)), 0.57, 0.2);  // a quarter more users have to pull
}

TEST(NumaGroups, AreCopiedWithTheSimulation) {
  const Machine machine = two_nodes(2);
  Workload w;
  for (int process = 1; process <= 2; ++process)
    for (const char* where : {"0-1", "2-3"}) {
      const TaskId task = add_mover(w, {{where, 100_ms}, {"", 2_s}}, kGib / 16);
      w.tasks[task.index()].share = static_cast<uint16_t>(process);
    }
  auto whole = make(machine, w, kQuick), half = make(machine, w, kQuick), twin = make(machine, w, kQuick);
  whole->run();
  half->run_until(1_s);
  twin->assign(*half);
  twin->run();
  EXPECT_EQ(twin->result().figures(), whole->result().figures());
}

TEST(NumaBalancing, IsCopiedWithTheSimulation) {
  const Machine machine = two_nodes(1);
  Workload w;
  add_mover(w, {{"0", 1_s}, {"1", 1_ms}, {"", 2_s}}, kGib / 16);
  add_mover(w, {{"1", 1_s}, {"0", 1_ms}, {"", 2_s}}, kGib / 16);
  auto whole = make(machine, w, kQuick), half = make(machine, w, kQuick), twin = make(machine, w, kQuick);
  whole->run();
  half->run_until(1500_ms);
  twin->assign(*half);
  twin->run();
  EXPECT_EQ(twin->result().figures(), whole->result().figures());
}

}  // namespace
}  // namespace simsched

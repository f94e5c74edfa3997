#include "sim/memory.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "sim/engine.h"
#include "sim/testing.h"

namespace simsched {
namespace {

using testing::add_task;

// Nodes of so many CPUs, each CPU a core, an LLC a node; every cost is zero, reading another node takes `remote` ns
// instead of 100.
MachineSpec nodes_of(size_t cpus, size_t nodes, int64_t remote) {
  MachineSpec spec = testing::flat_machine(cpus * nodes).spec();
  spec.distances.clear();
  for (size_t i = 0; i < spec.cpus.size(); ++i) {
    spec.cpus[i].node = NodeId(i / cpus);
    spec.cpus[i].llc = LlcId(i / cpus);
  }
  spec.memory.latency_ns.assign(nodes, std::vector<int64_t>(nodes, remote));
  for (size_t node = 0; node < nodes; ++node) spec.memory.latency_ns[node][node] = 100;
  return spec;
}

Op stay_on(Workload& workload, CpuId cpu) { return op::set_affinity(workload.intern_affinity(CpuSet::single(cpu))); }

// A task on `first` with its pages there, which then does `work` on `then`.
TaskId add_stranger(Workload& workload, CpuId first, CpuId then, uint16_t memory, Work work, int32_t kib = 0) {
  const AffinityId at_first = workload.intern_affinity(CpuSet::single(first));
  TaskId task = add_task(workload, "t", {op::compute(Work(1'000'000)), stay_on(workload, then), op::compute(work)});
  workload.tasks.back().affinity = at_first;
  workload.tasks.back().memory = memory;
  workload.tasks.back().footprint_kib = kib;
  return task;
}

int64_t time_in(const RunResult& result, const std::string& name) {
  for (const auto& [key, value] : result.task_time)
    if (key == name) return value;
  ADD_FAILURE() << "no " << name;
  return -1;
}

RunResult run_stranger(CpuId first, CpuId then, uint16_t memory, int64_t remote = 150) {
  const Machine machine(nodes_of(1, 2, remote));
  Workload workload;
  add_stranger(workload, first, then, memory, Work(10'000'000));
  return testing::simulate(machine, workload);
}

TEST(Memory, NearMemoryCostsNothing) {
  EXPECT_EQ(run_stranger(CpuId(0), CpuId(0), 1024).metric("makespan_ns"), 11'000'000);
  RunResult result = run_stranger(CpuId(1), CpuId(1), 512);
  EXPECT_EQ(result.metric("makespan_ns"), 11'000'000);
  EXPECT_EQ(result.metric("memory_remote_ppm"), 0);
}

TEST(Memory, FarMemoryIsFeltByThePartThatWaitsForIt) {
  // Xeons read another socket in 1.6 to 1.8 of the time, Opterons another die in 1.4 to 1.6.
  RunResult result = run_stranger(CpuId(0), CpuId(1), 1024);
  EXPECT_NEAR(static_cast<double>(result.metric("makespan_ns")), 16e6, 0.03e6);
  EXPECT_EQ(time_in(result, "slowdown_memory_ns"), result.metric("makespan_ns") - 11'000'000);
  EXPECT_EQ(time_in(result, "work_ns"), 11'000'000);
  EXPECT_NEAR(static_cast<double>(result.metric("memory_remote_ppm")), 1e6 * 15 / 16, 1e3);
  EXPECT_NEAR(static_cast<double>(run_stranger(CpuId(1), CpuId(0), 512).metric("makespan_ns")), 13.5e6, 0.03e6);
  EXPECT_EQ(run_stranger(CpuId(0), CpuId(1), 0).metric("makespan_ns"), 11'000'000);
}

// Two nodes; one task uses all of a memory first, the other one finds it there.
TEST(Memory, OfSharedPagesTheFirstUseCounts) {
  const Machine machine(nodes_of(1, 2, 200));
  for (uint16_t share : {uint16_t{0}, uint16_t{1}}) {
    Workload workload;
    for (int i = 0; i < 2; ++i) {
      const TaskId task = add_task(workload, i ? "second" : "first",
                                   {op::sleep_until(Nanos(i * 20'000'000)), op::compute(Work(10'000'000))});
      TaskSpec& spec = workload.tasks[task.index()];
      spec.affinity = workload.intern_affinity(CpuSet::single(CpuId(i)));
      spec.memory = 1024;
      spec.footprint_kib = 4096;
      spec.share = share;
    }
    const RunResult result = testing::simulate(machine, workload);
    const double end = share ? 40e6 : 30e6;  // twice as slow
    EXPECT_NEAR(static_cast<double>(result.metric("makespan_ns")), end, 0.1e6) << share;
  }
}

// Both run at once: each puts pages where it is, and in the end half of them are far for either.
TEST(Memory, OfThoseThatShareEachUsesAllPagesAlike) {
  const Machine machine(nodes_of(1, 2, 200));
  Workload workload;
  for (int i = 0; i < 2; ++i) {
    const TaskId task = add_task(workload, "t", {op::compute(Work(5'000'000)), op::sleep(1_us), op::loop(0, 20)});
    TaskSpec& spec = workload.tasks[task.index()];
    spec.affinity = workload.intern_affinity(CpuSet::single(CpuId(i)));
    spec.memory = 1024;
    spec.footprint_kib = 4096;
    spec.share = 1;
  }
  EngineOptions options;
  options.check_invariants = true;
  Engine engine(machine, workload, options, testing::queue_classes());
  engine.run();
  const int64_t here = engine.memory().pages(TaskId(0), NodeId(0)), there = engine.memory().pages(TaskId(1), NodeId(1));
  EXPECT_EQ(here + there, 1024);
  EXPECT_GT(engine.result().metric("makespan_ns"), 140'000'000);
  EXPECT_EQ(engine.memory().pages(TaskId(1), NodeId(0)), here);
}

TEST(Memory, TaskThatGoesHomeIsFastAgain) {
  const Machine machine(nodes_of(1, 2, 200));
  Workload workload;
  add_stranger(workload, CpuId(0), CpuId(1), 1024, Work(1'000'000));
  const Op home = stay_on(workload, CpuId(0));
  for (Op op : {home, op::compute(Work(5'000'000))}) workload.ops.push_back(op);
  workload.tasks[0].nr_ops += 2;
  EXPECT_NEAR(static_cast<double>(testing::simulate(machine, workload).metric("makespan_ns")), 8e6, 0.02e6);
}

TEST(Memory, NewImageBeginsAnewWhereItIs) {
  const Machine machine(nodes_of(1, 2, 200));
  Workload workload;
  add_stranger(workload, CpuId(0), CpuId(1), 1024, Work(1'000'000), 2048);
  for (Op op : {op::exec(), op::compute(Work(5'000'000))}) workload.ops.push_back(op);
  workload.tasks[0].nr_ops += 2;
  EXPECT_NEAR(static_cast<double>(testing::simulate(machine, workload).metric("makespan_ns")), 8e6, 0.02e6);
}

// What machine.md calls bad placement: a server's threads away from their data, on a Xeon's latencies.
TEST(Memory, BadPlacementCostsAFifthToAThirdOfThroughput) {
  MachineSpec spec = nodes_of(4, 2, 140);
  spec.memory.latency_ns = {{80, 140}, {140, 80}};
  spec.memory.node_mbs = {108000, 108000};
  spec.memory.link_mbs = {34000, 34000};
  const Machine machine(spec);
  auto makespan = [&](size_t on) {
    Workload workload;
    for (size_t i = 0; i < 4; ++i) add_stranger(workload, CpuId(i), CpuId(on + i), 410, Work(200'000'000));
    return testing::simulate(machine, workload).metric("makespan_ns");
  };
  const int64_t lost = 1000 - 1000 * makespan(0) / makespan(4);
  EXPECT_GE(lost, 200);
  EXPECT_LE(lost, 300);
}

TEST(Memory, BandwidthIsSharedOut) {
  MachineSpec spec = nodes_of(9, 1, 100);
  spec.memory.node_mbs = {32000};  // two cores' worth
  const Machine machine(spec);
  auto run = [&](size_t streams) {
    Workload workload;
    for (size_t i = 0; i < streams; ++i) add_stranger(workload, CpuId(i), CpuId(i), 1024, Work(9'000'000));
    return testing::simulate(machine, workload).metric("makespan_ns");
  };
  EXPECT_NEAR(static_cast<double>(run(1)), 11.86e6, 0.1e6);  // a load of 0.42: it reads that much more slowly, too
  EXPECT_NEAR(static_cast<double>(run(8)), 40e6, 0.6e6);
  EXPECT_GT(run(3), run(2));
}

TEST(Memory, WhoWantsLittleOfABusyMemoryHasIt) {
  MachineSpec spec = nodes_of(9, 1, 100);
  spec.memory.node_mbs = {32000};
  const Machine machine(spec);
  Workload workload;
  for (size_t i = 0; i < 8; ++i) {
    add_stranger(workload, CpuId(i), CpuId(i), 1024, Work(90'000'000));
    workload.tasks.back().background = true;
  }
  add_stranger(workload, CpuId(8), CpuId(8), 256, Work(9'000'000));
  // A quarter of it takes 1.72 of the time.
  EXPECT_NEAR(static_cast<double>(testing::simulate(machine, workload).metric("makespan_ns")), 11.8e6, 0.1e6);
}

TEST(Memory, LinksAreNarrower) {
  MachineSpec spec = nodes_of(4, 2, 100);  // as near as its own, but for the link
  spec.memory.node_mbs = {100'000, 100'000};
  spec.memory.link_mbs = {16'000, 16'000};
  const Machine machine(spec);
  auto makespan = [&](size_t on) {
    Workload workload;
    for (size_t i = 0; i < 4; ++i) add_stranger(workload, CpuId(i), CpuId(on + i), 1024, Work(10'000'000));
    return testing::simulate(machine, workload).metric("makespan_ns");
  };
  EXPECT_GT(makespan(4), 35'000'000);
  EXPECT_LT(makespan(0), 16'000'000);
}

// Neither a core nor its clock makes what waits for memory faster.
TEST(Memory, SlowCoreSlowsWhatIsComputed) {
  MachineSpec spec = nodes_of(1, 1, 100);
  spec.cpus[0].capacity = 512;
  const Machine machine(spec);
  Workload workload;
  add_stranger(workload, CpuId(0), CpuId(0), 512, Work(9'000'000));
  EXPECT_NEAR(static_cast<double>(testing::simulate(machine, workload).metric("makespan_ns")), 15e6, 0.03e6);
}

TEST(Memory, WhatRunsTogetherEvictsEachOther) {
  MachineSpec spec = nodes_of(2, 2, 100);
  spec.memory.llc_kib = {32768, 32768};
  const Machine machine(spec);
  auto makespan = [&](CpuId second, int32_t kib) {
    Workload workload;
    add_stranger(workload, CpuId(0), CpuId(0), 512, Work(99'000'000), kib);
    add_stranger(workload, second, second, 512, Work(99'000'000), kib);
    return static_cast<double>(testing::simulate(machine, workload).metric("makespan_ns"));
  };
  EXPECT_EQ(makespan(CpuId(1), 0), 100e6);
  EXPECT_EQ(makespan(CpuId(1), 16384), 100e6);  // both fit
  EXPECT_EQ(makespan(CpuId(2), 20480), 100e6);
  // Each has 16 of its 20 MiB: three times a fifth more misses.
  EXPECT_NEAR(makespan(CpuId(1), 20480), 130e6, 1e6);
}

TEST(Memory, ComingBackCostsWhatWasLost) {
  MachineSpec spec = nodes_of(2, 1, 100);
  spec.memory.llc_kib = {32768};
  const Machine machine(spec);
  auto refill = [&](int64_t neighbour_ms) {
    Workload workload;
    add_task(workload, "a", {op::compute(Work(10'000'000)), op::sleep(20_ms), op::compute(Work(30'000'000))});
    workload.tasks.back().affinity = workload.intern_affinity(CpuSet::single(CpuId(0)));
    workload.tasks.back().memory = 512;
    workload.tasks.back().footprint_kib = 16384;
    add_task(workload, "b", {op::sleep(10_ms), op::compute(Work(neighbour_ms * 1'000'000))});
    workload.tasks.back().affinity = workload.intern_affinity(CpuSet::single(CpuId(1)));
    workload.tasks.back().memory = 1024;
    workload.tasks.back().footprint_kib = 1 << 20;
    return time_in(testing::simulate(machine, workload), "refill_ns");
  };
  EXPECT_EQ(refill(0), 0);
  const int64_t all = 16384 * 16 * 100 / 6;  // so many lines, six at a time
  EXPECT_NEAR(static_cast<double>(refill(19)), all, 0.01 * all);
  EXPECT_NEAR(static_cast<double>(refill(1)), all / 2, 0.05 * all);  // 16 of 32 MiB were replaced
}

// A workload of tasks with a CPU each, which were elsewhere first.
struct Strangers {
  std::vector<std::tuple<size_t, size_t, uint16_t, int32_t, int64_t>> tasks;
};

Strangers any_strangers(size_t cpus) {
  Strangers all;
  for (size_t i = 0; i < cpus; ++i)
    all.tasks.emplace_back(*rc::gen::inRange<size_t>(0, cpus), i, *rc::gen::inRange<uint16_t>(0, 1025),
                           *rc::gen::inRange<int32_t>(0, 20'000), *rc::gen::inRange<int64_t>(1, 5'000'000));
  return all;
}

MachineSpec busy_nodes(int64_t remote) {
  MachineSpec spec = nodes_of(3, 2, remote);
  spec.memory.node_mbs = {20'000, 30'000};
  spec.memory.link_mbs = {8'000, 9'000};
  spec.memory.llc_kib = {8192, 8192};
  return spec;
}

RC_GTEST_PROP(Memory, DoublingRemoteLatencyNeverSpeedsAnythingUp, ()) {
  const Strangers strangers = any_strangers(6);
  Workload workload;
  for (auto [first, then, memory, kib, work] : strangers.tasks)
    add_stranger(workload, CpuId((then + 3 * (first % 2)) % 6), CpuId(then), memory, Work(work), kib);
  // Of latency alone: when others are busy it is somebody's gain that they are done earlier.
  const int64_t remote = *rc::gen::inRange<int64_t>(100, 400);
  int64_t before = 0;
  for (int64_t latency : {remote, 2 * remote, 4 * remote}) {
    const Machine machine(nodes_of(3, 2, latency));
    const int64_t makespan = testing::simulate(machine, workload).metric("makespan_ns");
    RC_ASSERT(makespan >= before);
    before = makespan;
  }
}

RC_GTEST_PROP(Memory, IsCopiedWithTheSimulation, ()) {
  const Strangers strangers = any_strangers(6);
  Workload workload;
  for (auto [first, then, memory, kib, work] : strangers.tasks)
    add_stranger(workload, CpuId(first), CpuId(then), memory, Work(work), kib);
  const Machine machine(busy_nodes(200));
  Engine whole(machine, workload, {}, testing::queue_classes()), half(machine, workload, {}, testing::queue_classes()),
      twin(machine, workload, {}, testing::queue_classes());
  whole.run();
  half.run_until(Nanos(*rc::gen::inRange<int64_t>(0, whole.now().count())));
  twin.assign(half);
  twin.run();
  RC_ASSERT(twin.result().figures() == whole.result().figures());
  RC_ASSERT(twin.result().task_time == whole.result().task_time);
}

}  // namespace
}  // namespace simsched

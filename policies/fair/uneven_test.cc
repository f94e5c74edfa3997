// What is known of how a stock kernel places tasks on machines whose CPUs are not alike.
#include <gtest/gtest.h>

#include <algorithm>

#include "policies/registry.h"
#include "sim/testing.h"
#include "topology/load/load.h"
#include "topology/load/machine_yaml.h"

namespace simsched {
namespace {

using testing::add_task;

struct Ran {
  Ran(const Machine& machine, const Workload& workload, Nanos duration) {
    workload.check(machine.nr_cpus());
    EngineOptions options;
    options.duration = duration;
    Engine engine(machine, workload, options, make_policy("eevdf", {}, options.kernel, machine));
    engine.run();
    result = engine.result();
  }
  // Time for which the CPUs were busy, together.
  Nanos busy(const std::string& cpus) const {
    Nanos sum;
    for (CpuId cpu : CpuSet::parse(cpus)) sum += Nanos(result.cpu_busy_ns[cpu.index()]);
    return sum;
  }
  int64_t metric(const std::string& name) const { return result.metric(name); }

  RunResult result;
};

Op hog(Nanos time = 100_s) { return op::compute(Work(time.count())); }

Workload hogs(size_t count, Nanos work = 100_s) {
  Workload w;
  for (size_t i = 0; i < count; ++i) add_task(w, "hog", {hog(work)});
  return w;
}

Machine parse(const std::string& yaml) { return parse_machine_yaml(yaml, "test.yaml"); }

// ---- Capacity (juno: CPUs 1 and 2 are big) ----

// A stock 6.12 kernel on arm64 with these capacities: 26.8 ms; from a utilisation of 0 about 50 ms.
TEST(Misfit, ALoneHogLeavesTheLittleCore) {
  Ran run(load_machine("juno"), hogs(1), 2_s);
  EXPECT_GT(run.busy("0,3-5"), 5_ms) << "it starts on a little core";
  EXPECT_LT(run.busy("0,3-5"), 60_ms);
  EXPECT_EQ(run.metric("migrations_active"), 1);
}

TEST(Misfit, AsManyHogsAsBigCoresAreOnThem) {
  Ran run(load_machine("juno"), hogs(3), 2_s);
  EXPECT_GT(run.busy("1-2"), 3900_ms);
  EXPECT_NEAR(static_cast<double>(run.busy("0,3-5").count()), 2e9, 1e8) << "the third stays on a little one";
}

// The kernel: two on little cores when the big ones get free come over within about 10 ms.
TEST(Misfit, OneComesOverWhenABigCoreGetsFree) {
  Workload w;
  for (Nanos work : {1_s, 1_s, 10_s, 10_s}) add_task(w, "hog", {hog(work)});
  Ran run(load_machine("juno"), w, 3_s);
  EXPECT_GT(run.busy("1-2"), 5850_ms);
}

TEST(Misfit, NobodyGoesFromABigCoreToALittleOne) {
  Ran run(load_machine("juno"), hogs(6), 4_s);
  EXPECT_GT(run.busy("1-2"), 7950_ms);
  EXPECT_LE(run.metric("migrations_active"), 4);
}

TEST(Misfit, ATaskThatMayOnlyRunOnLittleCoresIsNone) {
  Workload w = hogs(1);
  w.tasks[0].affinity = w.intern_affinity(CpuSet::parse("0,3-5"));
  Ran run(load_machine("juno"), w, 2_s);
  EXPECT_EQ(run.metric("migrations_active"), 0);
  EXPECT_EQ(run.result.find("fair_nohz_kicks"), 0);
}

TEST(Misfit, ALunarLakeHogGoesToAPCore) {
  Ran run(load_machine("lunarlake-4p4e"), hogs(4), 2_s);
  EXPECT_GT(run.busy("0-3"), 7700_ms);
}

// ---- Priority (Intel's ITMT; alderlake: P cores are CPUs 0-15, E cores 16-23) ----

TEST(AsymPacking, HogsTakePCoresThenECoresThenSiblings) {
  const Machine machine = load_machine("alderlake-8p8e");
  const auto p_cores_busy = [&](const Ran& run) {
    size_t busy = 0;
    for (int core = 0; core < 8; ++core)
      busy += run.busy(std::to_string(2 * core) + "-" + std::to_string(2 * core + 1)) > 1800_ms;
    return busy;
  };
  Ran eight(machine, hogs(8), 2_s);
  EXPECT_EQ(p_cores_busy(eight), 8u);
  EXPECT_LT(eight.busy("16-23"), 500_ms);
  Ran sixteen(machine, hogs(16), 2_s);
  EXPECT_EQ(p_cores_busy(sixteen), 8u);
  EXPECT_GT(sixteen.busy("16-23"), 14_s);
  Ran all(machine, hogs(24), 2_s);
  EXPECT_GT(all.busy("0-23"), 47_s);
}

// Within an interval of the level, 24 to 48 ms, and a tick.
TEST(AsymPacking, AnETaskMovesInWhenAPCoreGetsFree) {
  Workload w = hogs(12);
  w.ops[w.tasks[0].first_op] = hog(1_s);
  Ran run(load_machine("alderlake-8p8e"), w, 3_s);
  EXPECT_GT(run.busy("0-15"), 23700_ms);
}

TEST(AsymPacking, WithoutItHogsStayOnECores) {
  MachineSpec spec = load_machine("alderlake-8p8e").spec();
  spec.asym_packing = false;
  const Machine machine(spec);
  EXPECT_GT(Ran(machine, hogs(4), 2_s).busy("16-23"), 1900_ms);
}

// ---- What real-time tasks leave ----

TEST(ReducedCapacity, AHogLeavesACpuThatARealTimeTaskHalfUses) {
  Workload w;
  // Every 10 ms for 5 ms, on CPU 0.
  TaskId rt = add_task(w, "rt", {op::compute(Work(5000000)), op::sleep_period(10_ms), op::loop(0, 1000000)});
  w.tasks[rt.index()].policy = SchedPolicy::kFifo;
  w.tasks[rt.index()].rt_priority = 10;
  w.tasks[rt.index()].affinity = w.intern_affinity(CpuSet::single(CpuId(0)));
  w.tasks[rt.index()].background = true;
  add_task(w, "hog", {hog()});
  // The hog may start on either; one more keeps CPU 1 busy at first.
  add_task(w, "first", {hog(100_ms)});
  Ran run(testing::flat_machine(2), w, 2_s);
  EXPECT_LT(run.busy("0"), 1200_ms) << "half for the real-time task, and the hog for a while";
  EXPECT_GT(run.busy("1"), 1850_ms);
}

// Regular packets whose soft interrupts take `share` percent of CPU 0.
void add_interrupts(Workload& w, int64_t share) {
  Packets& packets = w.packets;
  PacketClass each;
  each.name = "c";
  each.cost.fixed = Work(share * 100);
  packets.classes = {each};
  packets.sizes = {{100, 100, 1}};
  packets.rings = {{CpuId(0), 64, PollThreadId(), {}}};
  PacketFlow flow;
  flow.packet_class = PacketClassId(0);
  flow.ring = RingId(0);
  flow.nr_sizes = 1;
  flow.arrivals.kind = Arrivals::Kind::kRegular;
  flow.arrivals.rate = 100'000;
  packets.flows = {flow};
  const TaskId thread = add_task(w, "ksoftirqd/0", {op::poll(0), op::loop(0, 0)});
  w.tasks[thread.index()].background = w.tasks[thread.index()].kthread = true;
  w.tasks[thread.index()].affinity = w.intern_affinity(CpuSet::single(CpuId(0)));
  packets.threads = {{thread, RingId(), CpuId(0)}};
}

TEST(ReducedCapacity, AHogLeavesACpuThatInterruptsHalfUse) {
  Workload w;
  add_interrupts(w, 50);
  add_task(w, "hog", {hog()});
  add_task(w, "first", {hog(100_ms)});
  Ran run(testing::flat_machine(2), w, 2_s);
  EXPECT_LT(run.busy("0"), 1200_ms) << "half in interrupts, and the hog for a while";
  EXPECT_GT(run.busy("1"), 1850_ms);
}

// Interrupts are no time of the task that they stand on.
TEST(ReducedCapacity, TasksShareWhatInterruptsLeave) {
  Workload w;
  add_interrupts(w, 40);
  for (int i = 0; i < 2; ++i) add_task(w, i ? "b" : "a", {hog()});
  Ran run(testing::flat_machine(1), w, 2_s);
  for (const auto& [name, values] : run.result.task_time_by_name) {
    if (name != "a" && name != "b") continue;
    for (const auto& [cause, time] : values) {
      if (cause != "work_ns") continue;
      EXPECT_NEAR(static_cast<double>(time), 600e6, 5e6) << name;
    }
  }
}

// ---- Clusters ----

// Cores of a module share an L2: two hogs take a module each.
TEST(Clusters, HogsSpreadOverThem) {
  const Machine machine = parse("cpus: [{cpus: 0-3, cluster: 0}, {cpus: 4-7, cluster: 1}]");
  Ran run(machine, hogs(2), 1_s);
  EXPECT_GT(run.busy("0-3"), 900_ms);
  EXPECT_GT(run.busy("4-7"), 900_ms);
}

// The search for an idle CPU looks in the waker's cluster first, from the last CPU of it, too.
TEST(Clusters, AWokenTaskGoesToAnIdleCpuOfTheCluster) {
  for (bool clusters : {true, false}) {
    const Machine machine =
        parse(clusters ? "cpus: [{cpus: 0-3, cluster: 0}, {cpus: 4-7, cluster: 1}]" : "cpus: [{cpus: 0-7}]");
    Workload w;
    w.nr_tokens = 1;
    const AffinityId last = w.intern_affinity(CpuSet::single(CpuId(3)));
    for (CpuId cpu : CpuSet::parse("0-2,4-7"))  // so that the worker starts on CPU 3
      w.tasks[add_task(w, "hog", {hog(2_ms)}).index()].affinity = w.intern_affinity(CpuSet::single(cpu));
    const TaskId worker = add_task(w, "worker", {op::wait(TokenId(0)), hog(4_ms)});
    w.tasks[worker.index()].start = 1_ms;
    const TaskId waker = add_task(w, "waker", {hog(1_ms), op::signal(TokenId(0)), hog(5_ms)});
    w.tasks[waker.index()].start = 10_ms;
    w.tasks[waker.index()].affinity = last;
    Ran run(machine, w, 300_ms);
    EXPECT_EQ(run.busy("4-7") > 10_ms, !clusters);
  }
}

// ---- Nodes ----

std::string two_nodes(int distance, int reclaim) {
  return "{nodes: 2, cores_per_llc: 8, distances: [[10, " + std::to_string(distance) + "], [" +
         std::to_string(distance) + ", 10]], reclaim_distance: " + std::to_string(reclaim) + "}";
}

// Jobs of 120 ms, `width` at a time, each forked by one parent.
Workload fork_join(size_t width, size_t total) {
  Workload w;
  const TaskId parent = add_task(w, "make", {});
  std::vector<Op> ops;
  for (size_t i = 0; i < total; ++i) {
    const TaskId job = add_task(w, "job", {hog(120_ms)}, parent);
    if (i >= width) ops.push_back(op::wait_child());
    ops.push_back(op::fork(job));
  }
  TaskSpec& spec = w.tasks[parent.index()];
  spec.first_op = static_cast<uint32_t>(w.ops.size());
  spec.nr_ops = static_cast<uint32_t>(ops.size());
  w.ops.insert(w.ops.end(), ops.begin(), ops.end());
  return w;
}

// On AMD Zen nodes at distance 32 are balanced over at fork, elsewhere they are not.
TEST(ReclaimDistance, DecidesWhetherForksReachTheOtherNode) {
  for (size_t width : {8u, 12u, 16u}) {
    const Ran zen(parse(two_nodes(32, 32)), fork_join(width, 400), 100_s);
    const double there = static_cast<double>(zen.busy("8-15").count()) / static_cast<double>(zen.busy("0-15").count());
    EXPECT_GT(there, 0.3) << width;
    EXPECT_LT(there, 0.7) << width;
    EXPECT_LT(zen.metric("makespan_ns"),
              Ran(parse(two_nodes(32, 30)), fork_join(width, 400), 100_s).metric("makespan_ns") + 1000000)
        << width;
  }
}

TEST(ReclaimDistance, HogsUseBothSocketsOfAZen) {
  const Machine machine = load_machine("epyc-2s128c");
  for (size_t count : {16u, 64u, 128u}) {
    const Ran run(machine, hogs(count), 1_s);
    const Nanos first = run.busy("0-63,128-191"), second = run.busy("64-127,192-255");
    EXPECT_GT(std::min(first, second), 2 * std::max(first, second) / 5) << count;
  }
}

// ---- Isolated CPUs ----

TEST(Isolated, NothingRunsThereUnlessItAsksFor) {
  const Machine machine = parse("{cores_per_llc: 4, isolated: \"2-3\"}");
  Workload w = hogs(6);
  w.tasks[5].affinity = w.intern_affinity(CpuSet::single(CpuId(3)));
  w.fit(machine.nr_cpus(), machine.spec().isolated);
  Ran run(machine, w, 1_s);
  EXPECT_EQ(run.busy("2"), 0_ns);
  EXPECT_GT(run.busy("3"), 990_ms);
  EXPECT_GT(run.busy("0-1"), 1990_ms);
}

}  // namespace
}  // namespace simsched

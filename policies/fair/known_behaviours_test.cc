// What is known of a stock 6.12 kernel and is in no other test: how hogs and forks spread over sockets, caches and
// threads, how fast, and when a frequency follows.
#include <gtest/gtest.h>

#include <algorithm>

#include "policies/registry.h"
#include "sim/testing.h"
#include "topology/load/load.h"
#include "topology/load/machine_yaml.h"

namespace simsched {
namespace {

using testing::add_task;

Op busy(Nanos time) { return op::compute(Work(time.count())); }

std::unique_ptr<Engine> make(const Machine& machine, const Workload& w, Nanos duration, Governor governor = {},
                             const char* policy = "eevdf") {
  w.check(machine.nr_cpus());
  EngineOptions options;
  options.duration = duration;
  options.record = true;
  options.kernel.governor = governor;
  return std::make_unique<Engine>(machine, w, options, make_policy(policy, {}, options.kernel, machine));
}

Workload hogs(size_t count) {
  Workload w;
  for (size_t i = 0; i < count; ++i) add_task(w, "hog", {busy(1000_s)});
  return w;
}

// Where a node is too far to be forked to, a lone task is pushed there after five failed passes of 256 ms.
TEST(FarNodes, FillAtOneTaskIn1300Milliseconds) {
  const Machine machine = parse_machine_yaml("{preset: epyc-2s128c, reclaim_distance: 30}", "test.yaml");
  Workload w;
  const TaskId parent = add_task(w, "parent", {});
  std::vector<Op> forks;
  for (int i = 0; i < 48; ++i) forks.push_back(op::fork(add_task(w, "hog", {busy(1000_s)}, parent)));
  TaskSpec& spec = w.tasks[parent.index()];
  spec.first_op = static_cast<uint32_t>(w.ops.size());
  spec.nr_ops = static_cast<uint32_t>(forks.size());
  w.ops.insert(w.ops.end(), forks.begin(), forks.end());
  auto engine = make(machine, w, 20_s);
  engine->run();
  EXPECT_GE(engine->result().metric("migrations_remote"), 8);
  EXPECT_LE(engine->result().metric("migrations_remote"), 18);
}

TEST(Smt, TwoHogsOnACorePart) {
  const Machine machine = parse_machine_yaml("{cores_per_llc: 4, threads_per_core: 2}", "test.yaml");
  Workload w;
  for (int cpu = 0; cpu < 2; ++cpu) {
    const TaskId task = add_task(w, "hog", {busy(50_ms), op::set_affinity(AffinityId(0)), busy(1000_s)});
    w.tasks[task.index()].affinity = w.intern_affinity(CpuSet::single(CpuId(cpu)));
  }
  auto engine = make(machine, w, 500_ms);
  // Freed after 80 ms, for both are slow; the idle CPUs balance every 8 to 16 ms.
  engine->run_until(79_ms);
  EXPECT_EQ(machine.cpu(engine->task_cpu(TaskId(0))).core, machine.cpu(engine->task_cpu(TaskId(1))).core);
  engine->run_until(120_ms);
  EXPECT_NE(machine.cpu(engine->task_cpu(TaskId(0))).core, machine.cpu(engine->task_cpu(TaskId(1))).core);
}

// As many hogs as cores: in the end each has a core of its own.
TEST(Presets, AsManyHogsAsCoresHaveOneEach) {
  for (const char* name : {"desktop-2llc", "xeon-4s", "talk-48c8n", "graviton-64c", "epyc-2s128c"}) {
    const Machine machine = load_machine(name);
    const Workload w = hogs(machine.nr_cores());
    auto engine = make(machine, w, 12_s);
    engine->run_until(10_s);
    size_t shared = 0;
    for (size_t core = 0; core < machine.nr_cores(); ++core) {
      size_t running = 0;
      for (CpuId cpu : machine.core_cpus(CoreId(core))) running += engine->nr_running(cpu);
      shared += running > 1;
    }
    EXPECT_LE(shared, machine.nr_cores() / 64) << name;
  }
}

// Half as many as cores: every cache and every node has its part.
TEST(Presets, HogsSpreadOverCachesAndNodes) {
  for (const char* name : {"desktop-2llc", "xeon-4s", "talk-48c8n", "epyc-2s128c"}) {
    const Machine machine = load_machine(name);
    const Workload w = hogs(machine.nr_cores() / 2);
    auto engine = make(machine, w, 12_s);
    engine->run_until(10_s);
    std::vector<size_t> running(machine.nr_nodes() > 1 ? machine.nr_nodes() : machine.nr_llcs());
    for (CpuId cpu : machine.cpus()) {
      const size_t part = machine.nr_nodes() > 1 ? machine.cpu(cpu).node.index() : machine.cpu(cpu).llc.index();
      running[part] += engine->nr_running(cpu);
    }
    const size_t even = machine.nr_cores() / 2 / running.size();
    for (size_t count : running) {
      EXPECT_GE(count, even / 2) << name;
      EXPECT_LE(count, even + even / 2 + 1) << name;
    }
  }
}

// Two sockets of four nodes of two caches: two tasks may be on one node (imb_numa_nr), and are on two caches of it; the
// third goes to another node of the socket.
TEST(Nps4, ForksFillANodesCachesThenTheSocket) {
  std::string rows;
  for (int a = 0; a < 8; ++a) {
    rows += a ? ", [" : "[";
    for (int b = 0; b < 8; ++b) rows += (b ? ", " : "") + std::to_string(a == b ? 10 : a / 4 == b / 4 ? 12 : 32);
    rows += "]";
  }
  const Machine machine = parse_machine_yaml(
      "{nodes: 8, llcs_per_node: 2, cores_per_llc: 8, distances: [" + rows + "], reclaim_distance: 32}", "test.yaml");
  Workload w;
  const TaskId parent = add_task(w, "parent", {});
  std::vector<Op> program = {busy(20_ms)};
  for (int i = 0; i < 2; ++i) {
    program.push_back(op::fork(add_task(w, "child", {busy(1_s)}, parent)));
    program.push_back(busy(1_ms));
  }
  program.push_back(busy(500_ms));
  TaskSpec& spec = w.tasks[parent.index()];
  spec.start_cpu = CpuId(0);
  spec.first_op = static_cast<uint32_t>(w.ops.size());
  spec.nr_ops = static_cast<uint32_t>(program.size());
  w.ops.insert(w.ops.end(), program.begin(), program.end());
  auto engine = make(machine, w, 100_ms);
  engine->run_until(22_ms);
  const Cpu &at = machine.cpu(engine->task_cpu(parent)), &first = machine.cpu(engine->task_cpu(TaskId(1))),
            &second = machine.cpu(engine->task_cpu(TaskId(2)));
  EXPECT_EQ(first.node, at.node);
  EXPECT_NE(first.llc, at.llc);
  EXPECT_NE(second.node, at.node);
  EXPECT_EQ(second.node.value() / 4, at.node.value() / 4);
}

// From a utilisation of 0 it asks for the highest frequency at 80 %, 74 ms of load tracking later: longer in time, for
// it is slow meanwhile.
TEST(Schedutil, AHogIsAtTheTopWhenFourFifthsOfItAreUsed) {
  std::string opps;
  for (int mhz = 500; mhz <= 1000; mhz += 100)
    opps += "{mhz: " + std::to_string(mhz) + ", cpu_mw: " + std::to_string(mhz) + "}, ";
  const Machine machine =
      parse_machine_yaml("{cores_per_llc: 1, core_types: {core: {opps: [" + opps + "]}}}", "test.yaml");
  Workload w;
  add_task(w, "hog", {busy(1_us), op::sleep_until(2_s), busy(1000_s)});
  auto engine = make(machine, w, 3_s, Governor::kSchedutil);
  engine->run();
  Nanos top;
  for (const CounterTrack& track : engine->counters())
    if (track.kind == CounterTrack::Kind::kFrequency)
      for (const auto& sample : track.samples)
        if (sample.time > 2_s && sample.value == 1000'000 && top == Nanos(0)) top = sample.time - 2_s;
  EXPECT_GE(top, 74_ms);
  EXPECT_LE(top, 150_ms);
}

}  // namespace
}  // namespace simsched

// What the benchmarks simulate.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/rng.h"
#include "topology/machine.h"
#include "workloads/workload.h"

namespace simsched::bench {

// `nr_llcs` x 8 CPUs, four LLCs to a node.
inline Machine machine_of(size_t nr_cpus) {
  MachineSpec spec;
  spec.name = "bench";
  for (size_t i = 0; i < nr_cpus; ++i) spec.cpus.push_back({CoreId(i), LlcId(i / 8), NodeId(i / 32)});
  return Machine(std::move(spec));
}

// Tasks that compute and sleep in turn for ever, each with times of its own, that load the machine to
// about nine tenths; tasks with the same times share a program. They start spread over their cycle, as
// if they had been there for long: of many tasks most are asleep at any time.
inline Workload busy_workload(size_t nr_tasks, size_t nr_cpus) {
  constexpr size_t kPrograms = 64;
  Workload w;
  w.name = "bench";
  uint32_t name = w.intern_name("task");
  Rng rng(1);
  std::vector<uint64_t> cycles;
  for (size_t i = 0; i < kPrograms; ++i) {
    int64_t work = rng.between(50'000, 1'000'000);
    auto cycle = static_cast<int64_t>(static_cast<uint64_t>(work) * nr_tasks * 10 / (nr_cpus * 9));
    cycles.push_back(static_cast<uint64_t>(cycle));
    w.ops.push_back(op::compute(Work(work)));
    w.ops.push_back(op::sleep(Nanos(std::max<int64_t>(cycle - work, 10'000))));
    w.ops.push_back(op::loop(0, 0));
  }
  for (size_t i = 0; i < nr_tasks; ++i) {
    TaskSpec spec;
    spec.name = name;
    spec.pid = static_cast<int32_t>(i) + 1;
    spec.first_op = static_cast<uint32_t>(i % kPrograms * 3);
    spec.nr_ops = 3;
    spec.start = Nanos(static_cast<int64_t>(rng.below(cycles[i % kPrograms])));
    spec.background = true;
    w.tasks.push_back(spec);
  }
  return w;
}

// The same where reading other nodes, busy memories and shared caches are felt.
inline Machine uneven_machine_of(size_t nr_cpus) {
  MachineSpec spec = machine_of(nr_cpus).spec();
  const size_t nodes = (nr_cpus + 31) / 32;
  spec.memory.latency_ns.assign(nodes, std::vector<int64_t>(nodes, 180));
  for (size_t node = 0; node < nodes; ++node) spec.memory.latency_ns[node][node] = 100;
  spec.memory.node_mbs.assign(nodes, 100'000);
  spec.memory.link_mbs.assign(nodes, 40'000);
  spec.memory.llc_kib.assign((nr_cpus + 7) / 8, 32768);
  return Machine(std::move(spec));
}

// And tasks that feel it: half of them compile, the others stream.
inline Workload memory_workload(size_t nr_tasks, size_t nr_cpus) {
  Workload w = busy_workload(nr_tasks, nr_cpus);
  for (size_t i = 0; i < w.tasks.size(); ++i) {
    w.tasks[i].memory = i % 2 ? 200 : 700;
    w.tasks[i].footprint_kib = i % 2 ? 8192 : 262'144;
  }
  return w;
}

}  // namespace simsched::bench

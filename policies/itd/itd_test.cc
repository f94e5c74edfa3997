#include <gtest/gtest.h>

#include "policies/registry.h"
#include "sim/testing.h"
#include "topology/load/machine_yaml.h"

namespace simsched {
namespace {

using testing::add_task;

// A P core, and a cluster of two E cores that are nearly as fast in scalar code and half as fast in vectors.
const char* const kHybrid = R"(
core_types:
  p: {isa: [avx2, avx512]}
  e: {capacity: 640, class_speed: {vector: 512, dot: 400}, isa: [avx2]}
cpus:
  - {cpus: 0, type: p, priority: 66}
  - {cpus: 1-2, type: e, cluster: 0, kernel_capacity: 1024, priority: 39}
asym_packing: true
)";

Op busy(Nanos time) { return op::compute(Work(time.count())); }

class Itd : public ::testing::Test {
 protected:
  // Begins on that CPU and may go anywhere from 30 ms on.
  TaskId add(int cpu, WorkClass kind) {
    const AffinityId own = w.intern_affinity(CpuSet::single(CpuId(cpu)));
    const TaskId task = add_task(w, "t", {busy(Nanos(15'000'000)), op::set_affinity(AffinityId(0)), busy(10_s)});
    w.tasks[task.index()].affinity = own;
    w.tasks[task.index()].work_class = kind;
    return task;
  }
  // Time of each task on the P core.
  std::vector<Nanos> on_p(const char* ipc_classes) {
    EngineOptions options;
    options.duration = 2_s;
    options.record = options.check_invariants = true;
    const Tunables tunables = {{"ipc_classes", ipc_classes, ""}};
    Engine engine(machine, w, options, make_policy("itd", tunables, options.kernel, machine));
    engine.run();
    result = engine.result();
    std::vector<Nanos> times(w.tasks.size());
    Nanos since;
    int runs = -1;
    for (const TraceEvent& event : engine.trace().events) {
      if (event.kind != TraceKind::kSwitch || event.cpu != CpuId(0)) continue;
      if (runs >= 0 && runs < static_cast<int>(times.size())) times[static_cast<size_t>(runs)] += event.time - since;
      runs = event.pid.value() - 1000;
      since = event.time;
    }
    if (runs >= 0 && runs < static_cast<int>(times.size())) times[static_cast<size_t>(runs)] += 2_s - since;
    return times;
  }

  const Machine machine = parse_machine_yaml(kHybrid, "hybrid.yaml");
  Workload w;
  RunResult result;
};

// A P core gets free: of two that run on E cores, who gains most by it comes.
TEST_F(Itd, WhoGainsMostByAPCoreHasIt) {
  const TaskId first = add_task(w, "first", {busy(200_ms)});
  w.tasks[first.index()].affinity = w.intern_affinity(CpuSet::single(CpuId(0)));
  const TaskId scalar = add(1, WorkClass::kScalar), vector = add(2, WorkClass::kVector);
  const std::vector<Nanos> with = on_p("true");
  EXPECT_GT(with[vector.index()], 1700_ms);
  EXPECT_LT(with[scalar.index()], 10_ms);
  const std::vector<Nanos> without = on_p("false");
  EXPECT_GT(without[scalar.index()], 1700_ms) << "the one on the first CPU";
}

TEST_F(Itd, WhatOnlyWaitsGainsNothing) {
  const TaskId first = add_task(w, "first", {busy(200_ms)});
  w.tasks[first.index()].affinity = w.intern_affinity(CpuSet::single(CpuId(0)));
  MachineSpec spec = machine.spec();
  spec.core_types[1].class_speed = {1024, 512, 400, 1024};
  const TaskId dot = add(1, WorkClass::kDot), vector = add(2, WorkClass::kVector);
  const std::vector<Nanos> with = on_p("true");
  EXPECT_GT(with[dot.index()], 1700_ms);
  EXPECT_LT(with[vector.index()], 10_ms);
}

// With classes more work is done: the P core has what it is best at.
TEST_F(Itd, MixedLoadsGetMoreDone) {
  for (int i = 0; i < 2; ++i) {
    const TaskId first = add_task(w, "first", {busy(200_ms)});
    w.tasks[first.index()].affinity = w.intern_affinity(CpuSet::single(CpuId(0)));
  }
  add(1, WorkClass::kScalar);
  add(2, WorkClass::kDot);
  on_p("true");
  const int64_t with = result.metric("throughput_work_ppm");
  on_p("false");
  EXPECT_GT(with, result.metric("throughput_work_ppm") * 102 / 100);
}

// Thread Director knows nothing of instruction sets: what an E core lacks ends a task there, with it or without.
TEST_F(Itd, AnInstructionThatAnECoreLacksIsAFault) {
  for (int i = 0; i < 3; ++i) {
    const TaskId task = add_task(w, "t", {busy(50_ms), op::sleep(1_ms), op::loop(0, 10)});
    w.tasks[task.index()].isa = 1u << 1;  // avx512
  }
  for (const char* classes : {"true", "false"}) {
    on_p(classes);
    EXPECT_GE(result.metric("tasks_illegal"), 1) << classes;
  }
}

}  // namespace
}  // namespace simsched

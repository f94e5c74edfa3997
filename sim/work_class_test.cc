// What a core can do, and how fast, by the kind of work.
#include <gtest/gtest.h>

#include "sim/engine.h"
#include "sim/testing.h"

namespace simsched {
namespace {

using testing::add_task;

constexpr IsaSet kAvx512 = 1;

// A big core with two threads, CPUs 0 and 1, and a little one, CPU 2, that lacks an instruction set.
MachineSpec big_and_little() {
  MachineSpec spec = testing::flat_machine(3).spec();
  spec.cpus[0].core = spec.cpus[1].core = CoreId(0);
  spec.cpus[2].core = CoreId(1);
  spec.cpus[2].capacity = 512;
  spec.cpus[2].kernel_capacity = 512;
  CoreType big, little;
  big.class_smt_share = {600, 500, 0, 1000};
  little.class_speed = {1024, 512, 256, 1024};
  little.isa = ~kAvx512;
  spec.core_types = {big, little};
  for (size_t i = 0; i < 3; ++i) {
    spec.cpus[i].type = CoreTypeId(i / 2);
    spec.cpus[i].cluster = {};
    spec.cpus[i].power_domain = {};
  }
  spec.smt_share = 700;
  return spec;
}

void add_bound(Workload& workload, CpuId cpu, WorkClass kind, IsaSet isa = 0) {
  add_task(workload, "t", {op::compute(Work(10'240'000))});
  workload.tasks.back().affinity = workload.intern_affinity(CpuSet::single(cpu));
  workload.tasks.back().work_class = kind;
  workload.tasks.back().isa = isa;
}

int64_t makespan(std::initializer_list<std::pair<size_t, WorkClass>> tasks) {
  const Machine machine(big_and_little());
  Workload workload;
  for (auto [cpu, kind] : tasks) add_bound(workload, CpuId(cpu), kind);
  return testing::simulate(machine, workload).metric("makespan_ns");
}

TEST(WorkClass, CoresDifferByIt) {
  EXPECT_EQ(makespan({{0, WorkClass::kDot}}), 10'240'000);
  EXPECT_EQ(makespan({{2, WorkClass::kScalar}}), 2 * 10'240'000);
  EXPECT_EQ(makespan({{2, WorkClass::kVector}}), 4 * 10'240'000);
  EXPECT_EQ(makespan({{2, WorkClass::kDot}}), 8 * 10'240'000);
}

TEST(WorkClass, ThreadsOfACoreGetInEachOthersWayByIt) {
  auto at = [](int64_t share) { return int64_t{10'240'000} * 1024 / share; };
  EXPECT_NEAR(static_cast<double>(makespan({{0, WorkClass::kScalar}, {1, WorkClass::kScalar}})),
              static_cast<double>(at(600)), 2);
  EXPECT_NEAR(static_cast<double>(makespan({{0, WorkClass::kVector}, {1, WorkClass::kVector}})),
              static_cast<double>(at(500)), 2);
  EXPECT_NEAR(static_cast<double>(makespan({{0, WorkClass::kScalar}, {1, WorkClass::kPause}})),
              static_cast<double>(at(800)), 2);
  EXPECT_NEAR(static_cast<double>(makespan({{0, WorkClass::kDot}, {1, WorkClass::kDot}})), static_cast<double>(at(700)),
              2);  // the machine's
}

TEST(Isa, CoreThatLacksOneEndsTheTask) {
  const Machine machine(big_and_little());
  Workload workload;
  add_bound(workload, CpuId(0), WorkClass::kScalar, kAvx512);
  add_bound(workload, CpuId(2), WorkClass::kScalar, kAvx512);
  add_bound(workload, CpuId(2), WorkClass::kScalar, 2);  // every core has that
  RunResult result = testing::simulate(machine, workload);
  EXPECT_EQ(result.metric("tasks_illegal"), 1);
  EXPECT_EQ(result.metric("tasks_exited"), 2);
  EXPECT_EQ(result.metric("tasks_unfinished"), 0);
}

TEST(Isa, WhoWasEndedForksNobody) {
  const Machine machine(big_and_little());
  Workload workload;
  add_task(workload, "parent", {op::compute(Work(1000)), op::fork(TaskId(1)), op::wait_child()});
  workload.tasks.back().affinity = workload.intern_affinity(CpuSet::single(CpuId(2)));
  workload.tasks.back().isa = kAvx512;
  add_task(workload, "child", {op::fork(TaskId(2)), op::compute(Work(1000))}, TaskId(0));
  add_task(workload, "grandchild", {op::compute(Work(1000))}, TaskId(1));
  add_task(workload, "other", {op::compute(Work(1'000'000))});
  RunResult result = testing::simulate(machine, workload);
  EXPECT_EQ(result.metric("tasks_illegal"), 1);
  EXPECT_EQ(result.metric("tasks_exited"), 1);
}

TEST(Isa, PlatformMayKeepItFromSuchCores) {
  MachineSpec spec = big_and_little();
  spec.isa_affinity = true;
  const Machine machine(spec);
  Workload workload;
  // One may run anywhere, one only where it cannot; a third asks for that later.
  add_task(workload, "free", {op::compute(Work(1'000'000))});
  workload.tasks.back().isa = kAvx512;
  workload.tasks.back().start_cpu = CpuId(2);
  add_bound(workload, CpuId(2), WorkClass::kScalar, kAvx512);
  const AffinityId little = workload.intern_affinity(CpuSet::single(CpuId(2)));
  add_task(workload, "late", {op::compute(Work(1000)), op::set_affinity(little), op::compute(Work(1'000'000))});
  workload.tasks.back().isa = kAvx512;
  RunResult result = testing::simulate(machine, workload);
  EXPECT_EQ(result.metric("tasks_illegal"), 0);
  EXPECT_EQ(result.metric("tasks_exited"), 3);
  EXPECT_EQ(result.cpu_busy_ns[2], 0);
}

}  // namespace
}  // namespace simsched

// What keeps the tick of a nohz_full CPU although one task runs there alone (sched_can_stop_tick()).
#include <gtest/gtest.h>

#include <algorithm>

#include "policies/ext/testing.h"
#include "policies/registry.h"
#include "sim/testing.h"

namespace simsched {
namespace {

using testing::add_task;

Machine machine_of_two(const char* nohz_full) {
  MachineSpec spec = testing::flat_machine(2).spec();
  spec.nohz_full = CpuSet::parse(nohz_full);
  return Machine(std::move(spec));
}

Workload hogs(int count) {
  Workload w;
  for (int i = 0; i < count; ++i) add_task(w, "hog", {op::compute(Work(100'000'000'000))});
  return w;
}

EngineOptions options_of(Nanos duration) {
  EngineOptions options;
  options.duration = duration;
  options.check_invariants = true;
  return options;
}

// In percent of `duration`.
std::vector<double> shares(const Engine& engine, size_t tasks, Nanos duration) {
  std::vector<double> shares;
  for (size_t i = 0; i < tasks; ++i)
    shares.push_back(100. * static_cast<double>(engine.time_on_cpu(TaskId(i)).count()) /
                     static_cast<double>(duration.count()));
  return shares;
}

std::vector<double> shares_under(const std::string& policy, const Workload& w, const char* nohz_full = "1") {
  const Machine machine = machine_of_two(nohz_full);
  const EngineOptions options = options_of(2_s);
  Engine engine(machine, w, options, make_policy(policy, {}, options.kernel, machine));
  engine.run();
  return shares(engine, w.tasks.size(), options.duration);
}

TEST(NohzFull, AQuotaHoldsForALoneTaskWhetherItIsItsGroupsOrThatOfOneAbove) {
  for (const std::string policy : {"eevdf", "cfs"}) {
    for (const size_t depth : {1, 2}) {
      Workload w = hogs(1);
      for (size_t i = 0; i < depth; ++i) w.groups.push_back({.name = "g", .parent = GroupId(i)});
      w.groups[1].quota = 20_ms;
      w.groups[1].period = 50_ms;
      w.tasks[0].group = GroupId(depth);
      w.tasks[0].affinity = w.intern_affinity(CpuSet::parse("1"));
      EXPECT_NEAR(shares_under(policy, w)[0], 40, 1) << policy << " " << depth;
    }
  }
}

// BFS: what waits, waits for all CPUs.
TEST(NohzFull, ASliceEndsWhereTheQueueIsOfAllCpus) {
  for (const std::string policy : {"bfs", "muqss"})
    EXPECT_EQ(shares_under(policy, hogs(3)), shares_under(policy, hogs(3), "")) << policy;
}

// scx_can_stop_tick(): only a task with a slice without end goes without.
TEST(NohzFull, ASliceOfASchedulerEndsUnlessItHasNone) {
  const Machine machine = machine_of_two("1");
  const Workload w = hogs(3);
  auto run = [&](uint64_t slice) {
    ext::testing::Script script = ext::testing::Script::shared_queue();
    script.enqueue = [&](TaskId task, uint64_t flags) { script.ext->dsq_insert(task, 0, slice, flags); };
    ext::testing::Simulation simulation(machine, w, script, options_of(2_s));
    simulation.run();
    return shares(simulation.engine(), 3, 2_s);
  };
  for (double share : run(ext::kSliceDfl)) EXPECT_NEAR(share, 67, 3);
  const std::vector<double> endless = run(ext::kSliceInf);
  EXPECT_LT(*std::ranges::min_element(endless), 5);
}

}  // namespace
}  // namespace simsched

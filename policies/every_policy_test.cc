// What holds of every policy in C++, whatever it decides: tasks come to their end, where they may, on CPUs that come
// and go, whatever others make of them meanwhile; a copy goes on as its original; and those that say that no CPU idles
// while a task waits keep their word.
#include <gtest/gtest.h>

#include "base/rng.h"
#include "policies/registry.h"
#include "sim/testing.h"

namespace simsched {
namespace {

using testing::add_task;
using testing::flat_machine;

constexpr SchedPolicy kPolicies[] = {SchedPolicy::kNormal, SchedPolicy::kBatch, SchedPolicy::kIdle, SchedPolicy::kRr};

// Groups in groups, of any weight, some with a quota, CPUs of their own, or for idle times.
GroupSpec random_group(Rng& rng, GroupId parent, const std::vector<AffinityId>& masks) {
  GroupSpec group{.name = "g", .parent = parent, .weight = static_cast<int32_t>(1 + rng.below(10000))};
  group.idle = rng.below(4) == 0;
  if (rng.below(2) == 0) {
    group.period = Nanos(static_cast<int64_t>(1'000'000 + rng.below(19'000'000)));
    group.quota = Nanos(static_cast<int64_t>(1'000'000 + rng.below(20'000'000)));
    group.burst = Nanos(static_cast<int64_t>(rng.below(2) * rng.below(1'000'000)));
  }
  group.cpus = masks[rng.below(masks.size())];
  return group;
}

// Few enough have a reservation for any machine here to admit them, with one CPU online.
constexpr size_t kMostDeadlineTasks = 3;
const Reservation kReservations[] = {{1_ms, 10_ms, 20_ms}, {2_ms, 25_ms, 25_ms}};

// What becomes of `task`, by itself or by others.
Op random_policy(Rng& rng, TaskId task, bool itself) {
  const size_t choice = rng.below(5);
  const TaskId target = itself ? TaskId() : task;
  if (choice == 4 && task.index() < kMostDeadlineTasks)
    return op::set_policy(SchedPolicy::kDeadline, target, static_cast<uint16_t>(1 + rng.below(2)));
  return op::set_policy(kPolicies[choice % 4], target, static_cast<uint16_t>(1 + rng.below(99)));
}

// Something that is made of any task or group.
Op random_change(Rng& rng, Workload& w, const std::vector<AffinityId>& masks, size_t tasks) {
  const TaskId task(rng.below(tasks));
  switch (rng.below(w.nr_groups() > 1 ? 5 : 3)) {
    case 0:
      return op::set_nice(static_cast<int>(rng.below(40)) - 20, task);
    case 1:
      return random_policy(rng, task, false);
    case 2:
      return op::set_affinity(masks[rng.below(masks.size())], task);
    case 3:
      return op::set_group(GroupId(rng.below(w.nr_groups())), task);
    default: {
      const auto group = static_cast<int32_t>(1 + rng.below(w.nr_groups() - 1));
      w.settings.push_back(random_group(rng, GroupId(0), masks));
      return {OpKind::kChangeGroup, 0, 0, group, static_cast<int64_t>(w.settings.size() - 1)};
    }
  }
}

// Tasks that compute, sleep, yield, fork, and change nice levels, policies and affinities, at random.
Workload random_workload(Rng& rng, size_t cpus, bool confined, bool changed = false) {
  Workload w;
  for (const Reservation& reservation : kReservations) w.intern_reservation(reservation);
  const size_t tasks = 3 + rng.below(4 * cpus);
  std::vector<AffinityId> masks = {AffinityId(0)};
  for (int i = 0; confined && i < 3; ++i) {
    CpuSet mask;
    for (size_t cpu = 0; cpu < cpus; ++cpu)
      if (rng.below(2) == 0) mask.add(CpuId(cpu));
    if (!mask.empty()) masks.push_back(w.intern_affinity(mask));
  }
  for (size_t i = rng.below(4); changed && i > 0; --i)
    w.groups.push_back(random_group(rng, GroupId(rng.below(w.nr_groups())), masks));
  auto amount = [&] { return static_cast<int64_t>(1 + rng.below(9'000'000)); };
  for (size_t i = 0; i < tasks; ++i) {
    std::vector<Op> program;
    if (i % 3 == 0 && i + 1 < tasks) program.push_back(op::fork(TaskId(i + 1)));
    for (size_t n = 2 + rng.below(8); n > 0; --n) {
      program.push_back(op::compute(Work(amount())));
      if (changed && rng.below(3) == 0) program.push_back(random_change(rng, w, masks, tasks));
      switch (rng.below(6)) {
        case 0:
          program.push_back(op::yield());
          break;
        case 1:
          program.push_back(op::set_nice(static_cast<int>(rng.below(40)) - 20));
          break;
        case 2:
          program.push_back(op::set_affinity(masks[rng.below(masks.size())]));
          break;
        case 3:
          program.push_back(random_policy(rng, TaskId(i), true));
          break;
        default:
          program.push_back(op::sleep(Nanos(amount() / 4)));
      }
    }
    const TaskId task = add_task(w, "t", program, i % 3 == 1 ? TaskId(i - 1) : TaskId());
    TaskSpec& spec = w.tasks[task.index()];
    spec.start = Nanos(static_cast<int64_t>(rng.below(3'000'000)));
    spec.start_cpu = CpuId(rng.below(cpus));
    spec.affinity = masks[rng.below(masks.size())];
    spec.nice = static_cast<int8_t>(static_cast<int>(rng.below(40)) - 20);
    if (changed) spec.group = GroupId(rng.below(w.nr_groups()));
  }
  for (size_t i = changed ? rng.below(30) : 0; i > 0; --i) {
    const Op op = random_change(rng, w, masks, tasks);
    w.changes.push_back({Nanos(amount() * 4), Nanos(rng.below(3) == 0 ? amount() : 0), op});
  }
  return w;
}

Machine random_machine(Rng& rng) {
  const size_t threads = 1 + rng.below(2), cpus = threads * (2 + rng.below(5));
  MachineSpec spec = flat_machine(cpus, threads).spec();
  const size_t half = threads * (cpus / threads / 2);
  const bool alike = rng.below(3) > 0;
  for (size_t i = half; i < cpus; ++i) {
    spec.cpus[i].llc = LlcId(1);
    spec.cpus[i].node = NodeId(1);
    if (!alike) spec.cpus[i].capacity = 400;
  }
  spec.distances.clear();
  return Machine(std::move(spec));
}

class EveryPolicy : public ::testing::TestWithParam<std::string> {
 protected:
  static std::unique_ptr<Engine> engine(const Machine& machine, const Workload& workload,
                                        const EngineOptions& options) {
    return std::make_unique<Engine>(machine, workload, options, make_policy(GetParam(), {}, options.kernel, machine));
  }
  static EngineOptions options_of(Rng& rng, size_t cpus, bool hotplug) {
    EngineOptions options;
    options.check_invariants = true;
    options.record = true;
    options.seed = rng.below(1000);
    for (int i = 0; hotplug && i < 6; ++i) {
      options.hotplug.push_back(
          {Nanos(static_cast<int64_t>(rng.below(40'000'000))), CpuId(rng.below(cpus)), rng.below(2) == 0});
    }
    return options;
  }
};

std::vector<std::string> names() { return PolicyRegistry(cpp_policies()).names(); }
INSTANTIATE_TEST_SUITE_P(Of, EveryPolicy, ::testing::ValuesIn(names()),
                         [](const auto& policy) { return policy.param; });

TEST_P(EveryPolicy, BringsAllTasksToTheirEndWhereTheyMayRun) {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    Rng rng(seed);
    const Machine machine = random_machine(rng);
    const Workload w = random_workload(rng, machine.nr_cpus(), true);
    w.check(machine.nr_cpus());
    auto one = engine(machine, w, options_of(rng, machine.nr_cpus(), seed % 2 == 0));
    one->run();
    const RunResult result = one->result();
    EXPECT_EQ(result.metric("tasks_exited"), static_cast<int64_t>(w.tasks.size())) << seed;
    EXPECT_EQ(result.status, "ok") << seed;
  }
}

TEST_P(EveryPolicy, LosesNoTaskWhateverIsMadeOfIt) {
  for (uint64_t seed = 1; seed <= 120; ++seed) {
    Rng rng(seed);
    const Machine machine = random_machine(rng);
    const Workload w = random_workload(rng, machine.nr_cpus(), true, true);
    w.check(machine.nr_cpus());
    auto one = engine(machine, w, options_of(rng, machine.nr_cpus(), seed % 3 == 0));
    one->run();
    EXPECT_EQ(one->result().metric("tasks_exited"), static_cast<int64_t>(w.tasks.size())) << seed;
  }
}

TEST_P(EveryPolicy, ASnapshotGoesOnAsItsOriginal) {
  for (uint64_t seed = 1; seed <= 24; ++seed) {
    Rng rng(seed);
    const Machine machine = random_machine(rng);
    const Workload w = random_workload(rng, machine.nr_cpus(), true, seed > 12);
    const EngineOptions options = options_of(rng, machine.nr_cpus(), seed % 2 == 0);
    auto whole = engine(machine, w, options);
    whole->run();
    for (int i = 1; i <= 5; ++i) {
      auto first = engine(machine, w, options), twin = engine(machine, w, options);
      first->run_until(Nanos(3'000'017 * i));
      twin->run_until(Nanos(1'000'000 * i));
      twin->assign(*first);
      twin->run();
      EXPECT_EQ(twin->result().metrics, whole->result().metrics) << seed;
      EXPECT_EQ(twin->trace().events, whole->trace().events) << seed;
    }
  }
}

// Those that promise it, on machines where nothing costs anything, so that a CPU that is called comes at once.
TEST(WorkConserving, NoCpuIdlesWhileATaskWaits) {
  for (const Tunables& tunables : {Tunables{}, Tunables{{"smt_nice", "false", ""}}}) {
    const std::string policy = tunables.empty() ? "bfs" : "muqss";
    for (uint64_t seed = 1; seed <= 60; ++seed) {
      Rng rng(seed);
      const Machine machine = random_machine(rng);
      const Workload w = random_workload(rng, machine.nr_cpus(), false);
      EngineOptions options;
      options.check_invariants = true;
      Engine one(machine, w, options, make_policy(policy, tunables, options.kernel, machine));
      one.run();
      EXPECT_EQ(one.result().metric("idle_wasted_ns"), 0) << policy << " " << seed;
    }
  }
}

}  // namespace
}  // namespace simsched

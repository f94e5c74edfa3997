// CPUs that are alike may be numbered in any order, as long as no policy looks for one: the kernel and all policies
// here look for idle CPUs from some number on, and of several that are as good take the first. So what is free to go
// anywhere goes elsewhere when the numbers change, and what is confined to a CPU each does not notice.
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "base/rng.h"
#include "policies/registry.h"
#include "sim/testing.h"

namespace simsched {
namespace {

using testing::add_task;
using testing::flat_machine;

template <class T>
void shuffle(std::vector<T>& list, Rng& rng) {
  for (size_t i = list.size(); i > 1; --i) std::swap(list[i - 1], list[rng.below(i)]);
}

// Two nodes of two caches, `cpus` in each. By old number the new one: within caches, caches of a node, and nodes are
// put in another order.
std::vector<size_t> renumbering(size_t cpus, Rng& rng) {
  std::vector<size_t> order;
  std::vector<size_t> nodes{0, 1};
  shuffle(nodes, rng);
  for (size_t node : nodes) {
    std::vector<size_t> llcs{0, 1};
    shuffle(llcs, rng);
    for (size_t llc : llcs) {
      std::vector<size_t> members(cpus);
      std::iota(members.begin(), members.end(), (node * 2 + llc) * cpus);
      shuffle(members, rng);
      order.insert(order.end(), members.begin(), members.end());
    }
  }
  std::vector<size_t> numbers(order.size());
  for (size_t i = 0; i < order.size(); ++i) numbers[order[i]] = i;
  return numbers;
}

Machine two_nodes(size_t cpus) {
  MachineSpec spec = flat_machine(4 * cpus).spec();
  for (size_t i = 0; i < spec.cpus.size(); ++i) {
    spec.cpus[i].llc = LlcId(i / cpus);
    spec.cpus[i].node = NodeId(i / cpus / 2);
  }
  spec.distances.clear();
  spec.costs.context_switch = 1_us;
  spec.costs.refill_private = 20_us;
  return Machine(std::move(spec));
}

// Tasks of a CPU each, which sleep, wake each other and change their nice levels; `number` says which CPU it is called.
Workload confined_tasks(uint64_t seed, size_t cpus, const std::vector<size_t>& number) {
  Rng rng(seed);
  Workload w;
  const size_t tasks = cpus * (1 + rng.below(3));
  for (size_t i = 0; i < tasks; ++i) {
    std::vector<Op> program;
    for (size_t n = 2 + rng.below(10); n > 0; --n) {
      program.push_back(op::compute(Work(static_cast<int64_t>(1 + rng.below(7'000'000)))));
      if (rng.below(3) == 0) program.push_back(op::set_nice(static_cast<int>(rng.below(40)) - 20));
      program.push_back(rng.below(4) == 0 ? op::yield()
                                          : op::sleep(Nanos(static_cast<int64_t>(1 + rng.below(5'000'000)))));
    }
    const TaskId task = add_task(w, "t", program);
    TaskSpec& spec = w.tasks[task.index()];
    spec.start = Nanos(static_cast<int64_t>(rng.below(3'000'000)));
    spec.start_cpu = CpuId(number[i % cpus]);
    spec.affinity = w.intern_affinity(CpuSet::single(spec.start_cpu));
  }
  return w;
}

class Renumbering : public ::testing::TestWithParam<std::string> {
 protected:
  static RunResult run(const Machine& machine, const Workload& w) {
    EngineOptions options;
    options.check_invariants = true;
    Engine engine(machine, w, options, make_policy(GetParam(), {}, options.kernel, machine));
    engine.run();
    return engine.result();
  }
};

INSTANTIATE_TEST_SUITE_P(Of, Renumbering, ::testing::ValuesIn(PolicyRegistry(cpp_policies()).names()),
                         [](const auto& policy) { return policy.param; });

TEST_P(Renumbering, OfCpusThatAreAlikeChangesNoMetricOfConfinedTasks) {
  for (uint64_t seed = 1; seed <= 25; ++seed) {
    Rng rng(seed);
    const size_t cpus = 1 + rng.below(3);
    const Machine machine = two_nodes(cpus);
    std::vector<size_t> same(4 * cpus);
    std::iota(same.begin(), same.end(), size_t{0});
    const std::vector<size_t> numbers = renumbering(cpus, rng);
    const RunResult a = run(machine, confined_tasks(seed, 4 * cpus, same)),
                    b = run(machine, confined_tasks(seed, 4 * cpus, numbers));
    for (const auto& [name, value] : a.metrics)
      // Which idle CPU is asked to balance, to no avail, is a matter of numbers: events that change nothing.
      EXPECT_TRUE(name == "events" || b.metric(name) == value)
          << name << " " << value << " " << b.metric(name) << ", " << seed;
    EXPECT_EQ(a.task_time, b.task_time) << seed;
    for (size_t cpu = 0; cpu < 4 * cpus; ++cpu) EXPECT_EQ(a.cpu_busy_ns[cpu], b.cpu_busy_ns[numbers[cpu]]) << seed;
  }
}

}  // namespace
}  // namespace simsched

// nohz_full: CPUs have no tick while one task runs there.
#include <gtest/gtest.h>

#include "sim/testing.h"
#include "topology/load/machine_yaml.h"

namespace simsched {
namespace {

using testing::add_task;

// Counts its ticks by CPU.
class TickCounter final : public testing::QueueClass {
 public:
  TickCounter() : QueueClass(false) {}
  void attach(Kernel& kernel) override {
    QueueClass::attach(kernel);
    kernel_ = &kernel;
    ticks.resize(kernel.nr_cpus());
    balances.resize(kernel.nr_cpus());
  }
  void task_tick(CpuId cpu, TaskId curr) override {
    ++ticks[cpu.index()];
    QueueClass::task_tick(cpu, curr);
  }
  void tick_balance(CpuId cpu) override { ++balances[cpu.index()]; }
  Nanos next_tick(CpuId) override { return kernel_->now(); }

  std::vector<int> ticks, balances;

 private:
  Kernel* kernel_ = nullptr;
};

struct Ran {
  Ran(const char* nohz_full, int per_cpu) {
    MachineSpec spec = testing::flat_machine(2).spec();
    spec.nohz_full = CpuSet::parse(nohz_full);
    const Machine machine(std::move(spec));
    Workload w;
    for (int i = 0; i < 2 * per_cpu; ++i) {
      const TaskId task = add_task(w, "hog", {op::compute(Work(100'000'000'000))});
      w.tasks[task.index()].affinity = w.intern_affinity(CpuSet::single(CpuId(i % 2)));
    }
    EngineOptions options;
    options.duration = 5_s;
    options.check_invariants = true;
    auto own = std::make_unique<TickCounter>();
    TickCounter& cls = *own;
    std::vector<std::unique_ptr<SchedClass>> classes;
    classes.push_back(std::make_unique<testing::QueueClass>(true));
    classes.push_back(std::move(own));
    Engine engine(machine, w, options, std::move(classes));
    engine.run();
    ticks = cls.ticks;
    balances = cls.balances;
    involuntary = engine.result().metric("context_switches_involuntary");
  }
  std::vector<int> ticks, balances;
  int64_t involuntary;
};

// sched_tick_remote(): somebody else looks once a second, and does not balance.
TEST(NohzFull, OneTaskRunsWithoutATick) {
  const Ran run("1", 1);
  EXPECT_NEAR(run.ticks[0], 1250, 1);
  EXPECT_NEAR(run.balances[0], 1250, 1);
  EXPECT_NEAR(run.ticks[1], 5, 1);
  EXPECT_EQ(run.balances[1], 0);
}

TEST(NohzFull, SeveralTasksHaveTheirTick) {
  const Ran run("1", 2), without("", 2);
  EXPECT_NEAR(run.ticks[1], 1250, 1);
  EXPECT_EQ(run.involuntary, without.involuntary);
}

TEST(NohzFull, SomeCpuKeepsTheTime) {
  auto complaint = [](const std::string& list) -> std::string {
    try {
      parse_machine_yaml("cores_per_llc: 2\nnohz_full: " + list + "\n", "test.yaml");
    } catch (const Error& error) {
      return error.where() + ": " + error.problem();
    }
    return "none";
  };
  EXPECT_EQ(complaint("1"), "none");
  EXPECT_EQ(complaint("0-1"), "test.yaml:2: CPUs 0-1 are nohz_full, of 0-1");
  EXPECT_EQ(complaint("7"), "test.yaml:2: CPUs 7 are nohz_full, of 0-1");
  EXPECT_TRUE(complaint("x").starts_with("test.yaml:2"));
}

}  // namespace
}  // namespace simsched

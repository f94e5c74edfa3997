// A SCHED_FIFO task that never lets go, and what it leaves to a task of a lower class on its CPU.
// tools/testing/selftests/sched_ext/rt_stall.c (7.0) expects 4 % at least.
#include <gtest/gtest.h>

#include "policies/ext/testing.h"

namespace simsched::ext {
namespace {

using namespace testing;

constexpr Nanos kDuration = 20_s;

// What each task of the workload got of the CPU, in thousandths.
std::vector<int64_t> shares(const Engine& engine, const Workload& workload) {
  std::vector<int64_t> list;
  for (size_t i = 0; i < workload.tasks.size(); ++i)
    list.push_back(engine.time_on_cpu(TaskId(i)).count() * 1000 / engine.now().count());
  return list;
}

EngineOptions options_of(const std::string& version) {
  EngineOptions options;
  options.kernel.version = version;
  options.duration = kDuration;
  options.check_invariants = true;
  return options;
}

// The share of a task that would run all the time, beside the FIFO task.
int64_t fair_share(const std::string& version) {
  Workload w;
  add_rt(w, "fifo", {op::compute(ms(100'000))});
  TaskId hog = add_hog(w, "hog", 100'000);
  Machine machine = simsched::testing::flat_machine(1);
  EngineOptions options = options_of(version);
  Engine engine(machine, w, options, make_policy("eevdf", {}, options.kernel, machine));
  engine.run();
  return shares(engine, w)[hog.index()];
}

int64_t ext_share(const std::string& version) {
  Workload w;
  add_rt(w, "fifo", {op::compute(ms(100'000))});
  TaskId hog = add_hog(w, "hog", 100'000);
  Machine machine = simsched::testing::flat_machine(1);
  Script s;
  Simulation simulation(machine, w, s, options_of(version));
  const std::string status = simulation.run().status;
  const int64_t share = shares(simulation.engine(), w)[hog.index()];
  if (share > 0) {
    EXPECT_EQ(status, "ok");
  } else {
    EXPECT_TRUE(status.starts_with("starved: hog")) << status;
  }
  return share;
}

TEST(ExtRtStall, TheFairServerKeepsAFairTaskAlive) {
  EXPECT_EQ(fair_share("6.5"), 0);
  EXPECT_EQ(fair_share("6.11"), 0);
  EXPECT_NEAR(static_cast<double>(fair_share("6.12")), 50, 3);
  EXPECT_NEAR(static_cast<double>(fair_share("7.0")), 50, 3);
}

TEST(ExtRtStall, TheExtServerKeepsAnExtTaskAlive) {
  EXPECT_EQ(ext_share("6.12"), 0);
  EXPECT_NEAR(static_cast<double>(ext_share("7.0")), 50, 3);
  EXPECT_NEAR(static_cast<double>(ext_share("7.3")), 50, 3);
}

// In a partial switch the fair class starves ext tasks as well.
TEST(ExtRtStall, AlsoUnderAFairTask) {
  Workload w;
  add_hog(w, "fair", 100'000);
  TaskId hog = add_hog(w, "ext", 100'000);
  w.tasks[hog.index()].policy = SchedPolicy::kExt;
  Machine machine = simsched::testing::flat_machine(1);
  Script s;
  s.info.flags = kOpsSwitchPartial;
  Simulation simulation(machine, w, s, options_of("7.0"));
  EXPECT_EQ(simulation.run().status, "ok");
  EXPECT_NEAR(static_cast<double>(shares(simulation.engine(), w)[hog.index()]), 50, 3);
}

// The server waits for the zero-laxity point: 950 ms after the class was last on the CPU without a break.
TEST(ExtRtStall, StepsInAfter950Milliseconds) {
  Workload w;
  TaskId fifo = add_rt(w, "fifo", {op::compute(ms(900)), op::sleep(60_ms), op::compute(ms(900)), op::sleep(1_s)});
  TaskId hog = add_hog(w, "hog", 100'000);
  Machine machine = simsched::testing::flat_machine(1);
  EngineOptions options = options_of("6.12");
  options.duration = 1860_ms;
  Engine engine(machine, w, options, make_policy("eevdf", {}, options.kernel, machine));
  engine.run();
  // Each time the FIFO task is done before; the budget was used up between.
  EXPECT_EQ(engine.time_on_cpu(fifo), 1800_ms);
  EXPECT_EQ(engine.time_on_cpu(hog), 60_ms);
}

// Tasks that share their CPU with the FIFO task anyway are not favoured.
TEST(ExtRtStall, ChangesNothingWhereNobodyStarves) {
  auto run = [](const std::string& version) {
    Workload w;
    add_rt(w, "fifo", {op::compute(ms(90)), op::sleep(10_ms), op::loop(0, 200)});
    add_hog(w, "hog", 100'000);
    Machine machine = simsched::testing::flat_machine(1);
    EngineOptions options = options_of(version);
    Engine engine(machine, w, options, make_policy("eevdf", {}, options.kernel, machine));
    engine.run();
    return shares(engine, w);
  };
  EXPECT_EQ(run("6.11"), run("6.12"));
}

}  // namespace
}  // namespace simsched::ext

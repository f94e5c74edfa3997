#include "sim/speed.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <fstream>

#include "sim/engine.h"
#include "sim/testing.h"

namespace simsched {
namespace {

using Factors = std::array<uint32_t, kNrFactors>;

Factors random_factors() {
  Factors factors;
  for (uint32_t& factor : factors)
    factor = *rc::gen::inRange(0, 4) == 0 ? uint32_t{kFullFactor} : *rc::gen::inRange<uint32_t>(1, kFullFactor + 1);
  return factors;
}

RC_GTEST_PROP(SpeedProperty, TheSplitIsTheSameHoweverOftenItIsMade, ()) {
  Speed speed;
  speed.set(random_factors());
  auto stretches = *rc::gen::container<std::vector<int64_t>>(rc::gen::inRange<int64_t>(0, 5'000'000));
  Fractions often{}, once{};
  TaskTime time_often, time_once;
  Work work;
  int64_t whole = 0;
  for (int64_t stretch : stretches) {
    work += progress(speed, Nanos(stretch), often, time_often);
    whole += stretch;
    RC_ASSERT(Nanos(work.count()) + time_often.total() == Nanos(whole));  // nothing is lost on the way
  }
  RC_ASSERT(progress(speed, Nanos(whole), once, time_once) == work);
  RC_ASSERT(time_once == time_often);
  RC_ASSERT(once == often);
}

RC_GTEST_PROP(SpeedProperty, ChangesOfSpeedLoseNothing, ()) {
  Fractions fractions{};
  TaskTime time;
  Work work;
  int64_t whole = 0;
  auto changes = *rc::gen::inRange(1, 20);
  for (int i = 0; i < changes; ++i) {
    Speed speed;
    speed.set(random_factors());
    int64_t stretch = *rc::gen::inRange<int64_t>(0, 1'000'000'000);
    work += progress(speed, Nanos(stretch), fractions, time);
    whole += stretch;
    RC_ASSERT(Nanos(work.count()) + time.total() == Nanos(whole));
  }
  for (Cause cause : kLostTo) RC_ASSERT(time[cause] >= Nanos(0));
}

RC_GTEST_PROP(SpeedProperty, TimeForIsWhenTheWorkIsDoneAndNotBefore, ()) {
  Speed speed;
  speed.set(random_factors());
  Fractions fractions{};
  TaskTime time;
  progress(speed, Nanos(*rc::gen::inRange<int64_t>(0, 1'000'000)), fractions, time);
  Work work(*rc::gen::inRange<int64_t>(1, 100'000'000));
  Nanos needed = time_for(work, speed, fractions);
  Fractions early = fractions;
  RC_ASSERT(progress(speed, needed - 1_ns, early, time) < work);
  RC_ASSERT(progress(speed, needed, fractions, time) >= work);
}

TEST(Speed, EachFactorTakesItsPartOfWhatTheOnesBeforeLeave) {
  Speed speed;
  EXPECT_TRUE(speed.full());
  EXPECT_TRUE(speed.set({512, 1024, 768, 256}));
  EXPECT_FALSE(speed.set({512, 1024, 768, 256}));
  Fractions fractions{};
  TaskTime time;
  EXPECT_EQ(progress(speed, Nanos(1'024'000), fractions, time), Work(96'000));
  EXPECT_EQ(time[Cause::kCapacity], Nanos(512'000));
  EXPECT_EQ(time[Cause::kFrequency], Nanos(0));
  EXPECT_EQ(time[Cause::kSmt], Nanos(128'000));
  EXPECT_EQ(time[Cause::kMemory], Nanos(288'000));
}

// What is nobody's to change yet can be changed here.
class OpenEngine : public Engine {
 public:
  using Engine::Engine;
  using Kernel::set_frequency;
  using Kernel::set_memory;
};

// One task with 10 ms of work; `change` is called after 4 ms of it.
RunResult change_in_mid_run(const std::function<void(OpenEngine&)>& change, MachineSpec spec) {
  Machine machine(std::move(spec));
  Workload workload;
  testing::add_task(workload, "a", {op::compute(Work(10'000'000))});
  testing::add_task(workload, "clock", {op::sleep(4_ms)});
  OpenEngine engine(machine, workload, {}, testing::queue_classes());
  engine.run_until(4_ms);
  change(engine);
  engine.run();
  return engine.result();
}

int64_t named(const RunResult& result, const std::string& name) {
  for (const auto& [key, value] : result.task_time)
    if (key == name) return value;
  ADD_FAILURE() << "no " << name;
  return -1;
}

// On cores with one thread too.
TEST(Speed, AFrequencyThatChangesInMidRunIsFeltAtOnce) {
  RunResult r =
      change_in_mid_run([](OpenEngine& e) { e.set_frequency(CpuId(0), 512); }, testing::flat_machine(2).spec());
  EXPECT_EQ(r.metric("makespan_ns"), 16'000'000);
  EXPECT_EQ(named(r, "slowdown_frequency_ns"), 6'000'000);
  EXPECT_EQ(named(r, "slowdown_memory_ns"), 0);
  EXPECT_EQ(named(r, "work_ns"), 10'000'000);
}

TEST(Speed, SoIsMemory) {
  RunResult r = change_in_mid_run(
      [](OpenEngine& e) {
        e.set_memory(CpuId(0), 256);
        e.set_memory(CpuId(0), 512);  // at the same instant: the last one counts
      },
      testing::flat_machine(2).spec());
  EXPECT_EQ(r.metric("makespan_ns"), 16'000'000);
  EXPECT_EQ(named(r, "slowdown_memory_ns"), 6'000'000);
}

TEST(Speed, FactorsMultiply) {
  MachineSpec spec = testing::flat_machine(2).spec();
  spec.cpus[0].capacity = spec.cpus[1].capacity = 512;
  RunResult r = change_in_mid_run([](OpenEngine& e) { e.set_frequency(CpuId(0), 256); }, spec);
  // 2 ms of work are done after 4 ms; the other 8 take eight times as long.
  EXPECT_EQ(r.metric("makespan_ns"), 68'000'000);
  EXPECT_EQ(named(r, "slowdown_capacity_ns"), 34'000'000);
  EXPECT_EQ(named(r, "slowdown_frequency_ns"), 24'000'000);
}

TEST(Causes, AreInTheDocumentation) {
  std::ifstream file(SIMSCHED_SOURCE_DIR "/docs/metrics.md");
  std::string text{std::istreambuf_iterator<char>(file), {}};
  for (const CauseInfo& cause : kCauses) {
    std::string row = std::string("| `") + cause.name + "` | " + cause.help + " |";
    EXPECT_NE(text.find(row), std::string::npos) << "docs/metrics.md lacks the line\n" << row;
  }
}

}  // namespace
}  // namespace simsched

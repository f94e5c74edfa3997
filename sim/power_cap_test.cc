#include "sim/power_cap.h"

#include <gtest/gtest.h>

#include <cmath>

#include "sim/engine.h"
#include "sim/testing.h"
#include "topology/load/machine_yaml.h"

namespace simsched {
namespace {

using testing::add_task;

// Four cores that take 1 W at 1 GHz and as much more as f^3.
std::string machine_text(const std::string& more) {
  return "core_types:\n  core:\n    opps: [{mhz: 1000, cpu_mw: 1000}, {mhz: 1500, cpu_mw: 3375}, {mhz: 2000, cpu_mw: "
         "8000},"
         " {mhz: 2500, cpu_mw: 15625}, {mhz: 3000, cpu_mw: 27000}]\n    idle_states: [{name: C1, exit_latency_us: 1, "
         "cpu_mw: 100}]\nllcs_per_node: 1\ncores_per_llc: 4\n" +
         more;
}
Machine parse(const std::string& more) { return parse_machine_yaml(machine_text(more), "test.yaml"); }

RunResult hogs(const Machine& machine, Nanos duration, size_t count = 4, Nanos pause = 0_ns) {
  Workload w;
  for (size_t i = 0; i < count; ++i) {
    if (pause == 0_ns)
      add_task(w, "hog", {op::compute(Work(1'000'000'000'000))});
    else
      add_task(w, "burst", {op::compute(Work(1'000'000'000)), op::sleep(pause), op::loop(0, 1000)});
  }
  EngineOptions options;
  options.duration = duration;
  return testing::simulate(machine, w, options);
}

double watts(const RunResult& r, Nanos time) {
  return static_cast<double>(r.metric("energy_uj")) / 1000.0 / static_cast<double>(time / 1_ms);
}

TEST(PowerCap, ApproachIsOneLessTheExponential) {
  for (auto [part, whole] :
       {std::pair(4_ms, 28_s), std::pair(4_ms, 10_ms), std::pair(1_ms, 1_ms), std::pair(0_ms, 1_s)}) {
    const double x = static_cast<double>(part.count()) / static_cast<double>(whole.count());
    EXPECT_NEAR(static_cast<double>(approach(part, whole)) / 4294967296.0, -std::expm1(-x), 1e-8);
  }
}

// From nothing to the 108 W of four cores at the top, of which 40 W are allowed for long and 80 W for short.
TEST(PowerCap, InTheLongRunTheMeanIsPl1) {
  const Machine machine = parse("power_limit: {pl1_mw: 40000, pl2_mw: 80000, tau_ms: 500}\n");
  const RunResult early = hogs(machine, 10_s), late = hogs(machine, 40_s);
  const double after = static_cast<double>(late.metric("energy_uj") - early.metric("energy_uj")) / 1e6 / 30;
  EXPECT_NEAR(after, 40, 0.4);
  EXPECT_NEAR(static_cast<double>(late.metric("powercap_mean_uw")), 40e6, 0.5e6);
}

TEST(PowerCap, ForAShortWhilePl2IsTaken) {
  // At 2.5 GHz four cores take 62.5 W.
  const Machine machine = parse("power_limit: {pl1_mw: 40000, pl2_mw: 70000, tau_ms: 28000}\n");
  const double first = watts(hogs(machine, 2_s), 2_s);
  EXPECT_GT(first, 62);
  EXPECT_LT(first, 63);
  // A second of it in ten, and the mean stays below PL1: each burst has it.
  const Machine free = parse("");
  EXPECT_LT(watts(hogs(machine, 60_s, 2, 9_s), 60_s), 40);
  EXPECT_NEAR(watts(hogs(machine, 60_s, 2, 9_s), 60_s), watts(hogs(free, 60_s, 2, 9_s), 60_s), 0.2);
}

TEST(PowerCap, ThatIsNeverReachedChangesNothing) {
  const Machine machine = parse("power_limit: {pl1_mw: 200000}\n"), free = parse("");
  const RunResult a = hogs(machine, 3_s), b = hogs(free, 3_s);
  EXPECT_EQ(a.cpu_busy_ns, b.cpu_busy_ns);
  EXPECT_EQ(a.task_time, b.task_time);
  EXPECT_EQ(a.metric("energy_uj"), b.metric("energy_uj"));
  EXPECT_EQ(a.metric("powercap_cap_mhz"), 3000);
}

// A machine of one frequency that heats up with 27.3 W at 2 degrees a watt: 1 - e^(-t/tau) of the way.
TEST(Thermal, TemperatureFollowsItsExponential) {
  PowerCap cap({}, {.resistance_mc = 2000, .tau = 10_s, .ambient_mc = 25000, .trip_mc = 200000}, 1000, 3000);
  for (int ms = 4; ms <= 60'000; ms += 4) {
    cap.update(27'300'000, [](int64_t) { return int64_t{0}; });
    if (ms % 1000 != 0) continue;
    const double expected = 25000 + 54600 * -std::expm1(-ms / 10000.0);
    ASSERT_NEAR(static_cast<double>(cap.temperature_mc()), expected, 2) << ms;
  }
  for (int ms = 4; ms <= 10'000; ms += 4) cap.update(0, [](int64_t) { return int64_t{0}; });
  EXPECT_NEAR(static_cast<double>(cap.temperature_mc()), 25000 + 54600 * -std::expm1(-6.0) * std::exp(-1.0), 2);
  EXPECT_EQ(cap.mhz(), 3000);
}

TEST(Thermal, AtItsTripTheMachineIsThrottledAndStaysThere) {
  const Machine machine = parse(
      "thermal: {resistance_mc_per_w: 1000, tau_ms: 1000, ambient_mc: 25000, trip_mc: 65000, hysteresis_mc: 1000}\n");
  const RunResult r = hogs(machine, 60_s);
  EXPECT_GE(r.metric("powercap_temperature_highest_mc"), 65000);
  EXPECT_LE(r.metric("powercap_temperature_highest_mc"), 90000) << "unthrottled it were 133 degrees";
  EXPECT_NEAR(static_cast<double>(r.metric("powercap_temperature_mc")), 65000, 14000);
  EXPECT_LT(r.metric("powercap_cap_mhz"), 3000);
  const RunResult cool = hogs(machine, 20_s, 1);
  EXPECT_EQ(cool.metric("powercap_cap_mhz"), 3000) << "one core is no more than 28 degrees warmer";
}

// cpufreq_get_pressure(): the kernel knows what cooling takes away, and nothing of what the hardware does by itself.
TEST(Thermal, IsPressureOnTheCapacityThatTheKernelSees) {
  for (const char* more : {"thermal: {resistance_mc_per_w: 1000, tau_ms: 1000, trip_mc: 45000}\n",
                           "power_limit: {pl1_mw: 10000, tau_ms: 100}\n"}) {
    const Machine machine = parse(more);
    Workload w;
    for (int i = 0; i < 4; ++i) add_task(w, "hog", {op::compute(Work(1'000'000'000'000))});
    EngineOptions options;
    options.duration = 20_s;
    Engine engine(machine, w, options, testing::queue_classes());
    EXPECT_EQ(engine.pressure(CpuId(0)), 0);
    engine.run_until(15_s);
    EXPECT_LT(engine.frequency(CpuId(0)), 1024);
    EXPECT_EQ(engine.pressure(CpuId(0)) > 0, machine.spec().thermal.on());
  }
}

// Snapshots take cap, mean and temperature along.
TEST(PowerCap, ASnapshotGoesOnAsItsOriginal) {
  const Machine machine = parse(
      "power_limit: {pl1_mw: 30000, pl2_mw: 60000, tau_ms: 300}\nthermal: {resistance_mc_per_w: 1500, tau_ms: 400}\n");
  Workload w;
  for (int i = 0; i < 6; ++i) add_task(w, "t", {op::compute(Work(20'000'000)), op::sleep(3_ms), op::loop(0, 1000)});
  EngineOptions options;
  options.duration = 3_s;
  auto make = [&] { return std::make_unique<Engine>(machine, w, options, testing::queue_classes()); };
  auto whole = make();
  whole->run();
  for (int64_t i = 1; i < 8; ++i) {
    auto first = make(), twin = make();
    first->run_until(Nanos(333'000'001 * i));
    twin->assign(*first);
    twin->run();
    EXPECT_EQ(twin->result().metrics, whole->result().metrics) << i;
    EXPECT_EQ(twin->result().counters, whole->result().counters) << i;
  }
}

TEST(PowerLimitYaml, SaysWhatDoesNotFitTogether) {
  auto complaint = [](const std::string& more) -> std::string {
    try {
      parse(more);
    } catch (const Error& error) {
      return error.where() + ": " + error.problem();
    }
    return "none";
  };
  EXPECT_EQ(complaint("power_limit: {pl1_mw: 40000, pl2_mw: 30000}\n"),
            "test.yaml:7: PL2 is 30000 mW and PL1 is 40000 mW");
  EXPECT_EQ(complaint("power_limit: {pl2_mw: 30000}\n"), "test.yaml:7: power_limit has no 'pl1_mw'");
  EXPECT_EQ(complaint("thermal: {resistance_mc_per_w: 500, trip_mc: 20000}\n"),
            "test.yaml:7: it trips at 20000 mC, and it is never colder than 25000 mC");
  EXPECT_EQ(complaint("thermal: {resistance_mc_per_w: 500, hysteresis_mc: 80000}\n"),
            "test.yaml:7: its hysteresis of 80000 mC reaches down to ambient_mc");
  EXPECT_EQ(complaint("thermal: {trip_mc: 90000}\n"), "test.yaml:7: thermal has no 'resistance_mc_per_w'");
  for (const char* text : {"power_limit: {pl1_mw: 0}\n", "power_limit: {pl1_mw: -1}\n", "power_limit: {pl1_mw: nan}\n",
                           "power_limit: {pl1_mw: 99999999999999999999}\n", "power_limit: 40\n", "power_limit: []\n",
                           "power_limit: {pl1_mw: 4, tau_ms: 0}\n", "thermal: {resistance_mc_per_w: 0}\n",
                           "thermal: {resistance_mc_per_w: 1, tau_ms: 1e9}\n", "power_limit: {pl1: 4}\n"})
    EXPECT_TRUE(complaint(text).starts_with("test.yaml:7")) << text << complaint(text);
  try {
    parse_machine_yaml("cores_per_llc: 2\npower_limit: {pl1_mw: 4}\n", "test.yaml");
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.where() + ": " + error.problem(), "test.yaml:2: there is a power limit and nothing to lower");
  }
}

}  // namespace
}  // namespace simsched

// Control groups and changes in mid-run against closed forms.
#include "experiment/groups.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <map>

#include "base/error.h"
#include "experiment/mix.h"
#include "policies/registry.h"
#include "sim/engine.h"
#include "sim/testing.h"
#include "workloads/registry.h"

namespace simsched {
namespace {

using ::testing::HasSubstr;

struct Ran {
  std::map<std::string, double> cpus;  // by name of task: CPUs that its tasks had, on average
  RunResult result;

  double of(const std::string& name) const { return cpus.at(name); }
  int64_t stat(const std::string& group, const std::string& name) const {
    for (const auto& [path, values] : result.groups)
      for (const auto& [key, value] : values)
        if (path == group && key == name) return value;
    return -1;
  }
};

Ran run(const std::string& yaml, int64_t seconds, size_t cpus = 1, const std::string& policy = "eevdf") {
  const MixConfig config = read_mix(YAML::Load(yaml), "c.yaml");
  Workload workload = make_mix(config, [](const MixPart& part, size_t copy) {
    return make_workload(part.generator, part.params, "c.yaml", copy + 1);
  });
  workload.fit(cpus);
  workload.check(cpus);
  const Machine machine = testing::flat_machine(cpus);
  EngineOptions options;
  options.duration = Nanos(seconds * 1000000000);
  options.check_invariants = true;
  Engine engine(machine, workload, options, make_policy(policy, {}, options.kernel, machine));
  engine.run();
  Ran ran;
  for (size_t i = 0; i < workload.tasks.size(); ++i)
    ran.cpus[workload.task_name(TaskId(i))] +=
        static_cast<double>(engine.time_on_cpu(TaskId(i)).count()) / static_cast<double>(options.duration.count());
  ran.result = engine.result();
  return ran;
}

std::string error_of(const std::string& yaml) {
  try {
    read_mix(YAML::Load(yaml), "c.yaml");
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}

// An entry of a mix: so many hogs in a group.
std::string hogs(const std::string& name, const std::string& rest = "", int tasks = 1) {
  return "{hogs: {tasks: " + std::to_string(tasks) + ", work: 100s}, name: " + name + rest + "}";
}

// ---- Closed forms ----

TEST(Groups, GroupsShareByWeightHoweverManyTheirTasksAre) {
  const Ran ran = run(
      "{groups: {low: {weight: 100}, high: {weight: 400}}, mix: [{hogs: {tasks: 3, work: 100s}, name: a, group: low},"
      " {hogs: {tasks: 1, work: 100s}, name: b, group: high}]}",
      20);
  EXPECT_NEAR(ran.of("a"), 0.2, 0.01);
  EXPECT_NEAR(ran.of("b"), 0.8, 0.01);
}

TEST(Groups, AGroupOfDefaultWeightIsWorthOneTaskBesideIt) {
  const Ran ran =
      run("{groups: {g: {}}, mix: [{hogs: {tasks: 4, work: 100s}, name: in, group: g},"
          " {hogs: {tasks: 1, work: 100s}, name: out}]}",
          20);
  EXPECT_NEAR(ran.of("in"), 0.5, 0.01);
  EXPECT_NEAR(ran.of("out"), 0.5, 0.01);
}

TEST(Groups, GroupsOnSeveralCpusShareTheWholeMachine) {
  const Ran ran = run(
      "{groups: {low: {weight: 100}, high: {weight: 300}}, mix: [{hogs: {tasks: 4, work: 100s}, name: a, group: low},"
      " {hogs: {tasks: 4, work: 100s}, name: b, group: high}]}",
      20, 4);
  EXPECT_NEAR(ran.of("a"), 1, 0.05);
  EXPECT_NEAR(ran.of("b"), 3, 0.05);
}

TEST(Groups, NiceSharesByWeight) {
  const Ran ran =
      run("mix: [{hogs: {tasks: 1, work: 100s}, name: a}, {hogs: {tasks: 1, work: 100s}, name: b, nice: 5},"
          " {hogs: {tasks: 1, work: 100s}, name: c, nice: 10}]",
          60);
  const double all = 1024 + 335 + 110;  // sched_prio_to_weight
  EXPECT_NEAR(ran.of("a"), 1024 / all, 0.01);
  EXPECT_NEAR(ran.of("b"), 335 / all, 0.01);
  EXPECT_NEAR(ran.of("c"), 110 / all, 0.01);
}

// Both disciplines.
class Discipline : public ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Of, Discipline, ::testing::Values("eevdf", "cfs"),
                         [](const auto& p) { return std::string(p.param); });

TEST_P(Discipline, SharesOfNestedGroupsMultiply) {
  const Ran ran =
      run("{groups: {a: {groups: {x: {weight: 300}, y: {groups: {z: {}}}}}, b: {weight: 300}}, mix: [" +
              hogs("x", ", group: x", 3) + "," + hogs("y", ", group: a/y/z") + "," + hogs("b", ", group: b", 2) + "]}",
          20, 1, GetParam());
  EXPECT_NEAR(ran.of("x"), 0.25 * 0.75, 0.01);
  EXPECT_NEAR(ran.of("y"), 0.25 * 0.25, 0.01);
  EXPECT_NEAR(ran.of("b"), 0.75, 0.01);
  EXPECT_NEAR(static_cast<double>(ran.stat("a", "usage_ns")), 5e9, 2e8);
  EXPECT_EQ(ran.stat("a/y", "usage_ns"), ran.stat("a/y/z", "usage_ns"));
}

TEST_P(Discipline, AQuotaIsTheShareOfACpuThatItIsOfThePeriod) {
  const Ran ran = run("{groups: {g: {max: {quota: 20ms, period: 50ms}}}, mix: [" + hogs("a", ", group: g") + "]}", 20,
                      1, GetParam());
  EXPECT_NEAR(ran.of("a"), 0.4, 0.002);
  EXPECT_NEAR(static_cast<double>(ran.stat("g", "nr_periods")), 400, 2);
  EXPECT_NEAR(static_cast<double>(ran.stat("g", "nr_throttled")), 400, 2);
  EXPECT_NEAR(static_cast<double>(ran.stat("g", "throttled_ns")), 0.6 * 20e9, 1e8);
}

TEST_P(Discipline, AQuotaIsOfAllCpusTogether) {
  for (auto [quota, tasks] : {std::pair{20, 4}, {150, 4}, {75, 2}}) {
    const Ran ran = run("{groups: {g: {max: {quota: " + std::to_string(quota) + "ms, period: 50ms}}}, mix: [" +
                            hogs("a", ", group: g", tasks) + "]}",
                        10, 4, GetParam());
    EXPECT_NEAR(ran.of("a"), quota / 50.0, 0.03) << quota;
  }
}

TEST_P(Discipline, WhatAThrottledGroupLeavesOthersGet) {
  const Ran ran = run("{groups: {g: {weight: 10000, max: {quota: 10ms}}, out: {}}, mix: [" +
                          hogs("a", ", group: g", 2) + "," + hogs("b", ", group: out") + "]}",
                      20, 1, GetParam());
  EXPECT_NEAR(ran.of("a"), 0.1, 0.002);
  EXPECT_NEAR(ran.of("b"), 0.9, 0.002);
}

TEST_P(Discipline, TheLowerOfNestedQuotasCounts) {
  const Ran ran =
      run("{groups: {g: {max: {quota: 30ms}, groups: {in: {max: {quota: 80ms}}, less: {max: {quota: 5ms}}}}}, mix: [" +
              hogs("a", ", group: in") + "," + hogs("b", ", group: less") + "]}",
          20, 2, GetParam());
  EXPECT_NEAR(ran.of("a") + ran.of("b"), 0.3, 0.005);
  EXPECT_NEAR(ran.of("b"), 0.05, 0.005);
}

// 18 ms of work each 100 ms with a quota of 10 ms each 50 ms: with the burst, what one period left does for the next.
TEST_P(Discipline, ABurstIsWhatEarlierPeriodsLeft) {
  auto with = [](const char* burst) {
    return run(std::string("{groups: {g: {max: {quota: 10ms, period: 50ms") + burst +
                   "}}}, mix: [{periodic: {tasks: 1, period: 100ms, work: 18ms, rounds: 100}, name: a, group: g}]}",
               10, 1, GetParam());
  };
  const Ran without = with(""), bursts = with(", burst: 10ms");
  EXPECT_GT(without.stat("g", "throttled_ns"), 50 * 20'000'000);
  EXPECT_EQ(without.stat("g", "nr_bursts"), 0);
  EXPECT_LT(bursts.stat("g", "throttled_ns"), 200'000'000);  // until enough was left over
  EXPECT_GT(bursts.stat("g", "nr_bursts"), 50);
  EXPECT_NEAR(bursts.of("a"), 0.18, 0.005);
}

TEST_P(Discipline, AnIdleGroupGetsTheRest) {
  const Ran ran = run("{groups: {rest: {idle: true}, main: {}}, mix: [" + hogs("idle", ", group: rest", 2) +
                          ", {periodic: {tasks: 1, period: 10ms, work: 3ms, rounds: 3000}, name: a, group: main}]}",
                      20, 1, GetParam());
  EXPECT_NEAR(ran.of("a"), 0.3, 0.005);
  EXPECT_NEAR(ran.of("idle"), 0.7, 0.005);
  const Ran hungry = run("{groups: {rest: {idle: true}, main: {}}, mix: [" + hogs("idle", ", group: rest", 2) + "," +
                             hogs("a", ", group: main") + "]}",
                         20, 1, GetParam());
  EXPECT_NEAR(hungry.of("idle"), 3.0 / 1027, 0.002);  // WEIGHT_IDLEPRIO
}

TEST(Groups, RealTimeTasksHaveNoQuota) {
  const Ran ran = run("{groups: {g: {max: {quota: 10ms}}}, mix: [" + hogs("a", ", group: g, policy: fifo") + "]}", 5);
  EXPECT_GT(ran.of("a"), 0.99);
}

TEST(Groups, TasksStayOnTheCpusOfTheirGroup) {
  const std::string groups =
      "{groups: {a: {cpus: \"0\"}, b: {cpus: \"1-3\", groups: {c: {cpus: \"3,0\"}, d: {cpus: \"0\"}}}}, mix: [";
  for (const char* policy : {"eevdf", "cfs", "bfs", "muqss", "fifo"}) {
    const Ran ran = run(groups + hogs("a", ", group: a", 2) + "," + hogs("c", ", group: c", 2) + "]}", 5, 4, policy);
    EXPECT_NEAR(ran.of("a"), 1, 0.01) << policy;
    EXPECT_NEAR(ran.of("c"), 1, 0.01) << policy;
  }
  // None of d's own are its parent's: it has what that has. So has a task that asks for others.
  const Ran others = run(groups + hogs("d", ", group: d", 4) + "," + hogs("a", ", group: a, cpus: \"2\"") + "]}", 5, 4);
  EXPECT_NEAR(others.of("d"), 3, 0.01);
  EXPECT_NEAR(others.of("a"), 1, 0.01);
}

// ---- Changes ----

// Half of 20 s each way.
TEST_P(Discipline, ANiceLevelCountsFromItsChangeOn) {
  const Ran ran =
      run("mix: [" + hogs("a") + "," + hogs("b", ", changes: [{at: 10s, nice: 5}]") + "]", 20, 1, GetParam());
  EXPECT_NEAR(ran.of("b"), (0.5 + 335.0 / (1024 + 335)) / 2, 0.005);
}

TEST_P(Discipline, AMovedTaskSharesWithItsNewGroup) {
  const Ran ran = run("{groups: {g: {weight: 300}, h: {}}, mix: [" + hogs("a", ", group: g", 2) + "," +
                          hogs("b", ", group: h, changes: [{at: 10s, group: g}]") + "]}",
                      20, 1, GetParam());
  EXPECT_NEAR(ran.of("b"), (1.0 / 4 + 1.0 / 3) / 2, 0.005);
  EXPECT_NEAR(static_cast<double>(ran.stat("h", "usage_ns")), 2.5e9, 5e7);
}

TEST_P(Discipline, SettingsOfAGroupChange) {
  const std::string with =
      "{groups: {g: {changes: [{at: 5s, weight: 300}, {at: 10s, max: {quota: 20ms, period: 50ms}}, "
      "{at: 15s, max: max, idle: true}]}, h: {}}, mix: [";
  const Ran ran = run(with + hogs("a", ", group: g", 2) + "," + hogs("b", ", group: h") + "]}", 20, 1, GetParam());
  EXPECT_NEAR(ran.of("a"), (0.5 + 0.75 + 0.4 + 3.0 / 1027) / 4, 0.005);
}

TEST_P(Discipline, AQuotaThatComesLaterHoldsForATaskThatIsAlone) {
  const std::string with =
      "{groups: {p: {changes: [{at: 4s, max: {quota: 10ms, period: 20ms}}], groups: {g: {}}}}, mix: [";
  EXPECT_NEAR(run(with + hogs("a", ", group: p") + "]}", 6, 1, GetParam()).of("a"), 5.0 / 6, 0.003);
  EXPECT_NEAR(run(with + hogs("a", ", group: p/g") + "]}", 6, 1, GetParam()).of("a"), 5.0 / 6, 0.003);
}

TEST(Changes, OfCpusComeInTurn) {
  const Ran ran = run("mix: [" + hogs("a", ", changes: [{every: 10ms, cpus: [\"0\", \"1\"]}]") + "]", 1, 2);
  EXPECT_NEAR(static_cast<double>(ran.result.metric("migrations")), 99, 1);
}

TEST(Changes, OfPolicyTakeTheCpu) {
  const Ran ran =
      run("mix: [" + hogs("a", "", 4) + "," + hogs("b", ", changes: [{at: 5s, policy: fifo, priority: 3}]") + "]", 10);
  EXPECT_NEAR(ran.of("b"), (0.2 + 1) / 2, 0.03);  // but for the deadline server
}

// Two of one priority, the one that runs becomes SCHED_RR: a whole slice of 100 ms more is its own, as all before did
// not count.
TEST(Changes, OfFifoToRoundRobinBeginASlice) {
  const std::string fifo = ", policy: fifo, priority: 10";
  const Ran ran = run(
      "mix: [" + hogs("a", fifo + ", changes: [{at: 2s, policy: rr}]") + "," + hogs("b", fifo + ", start: 1ms") + "]",
      4);
  EXPECT_NEAR(ran.of("a"), 2.1 / 4, 0.001);
}

// Pushed to where it can run (push_rt_task()): beside an idle CPU, and beside one whose task is not of this class.
TEST(Changes, WhatIsPreemptedIsPushed) {
  const std::string low = hogs("low", ", policy: fifo, priority: 10, start: 1ms"),
                    high = hogs("high", ", policy: fifo, priority: 20, cpus: \"0\", start: 1s");
  EXPECT_NEAR(run("mix: [" + low + "," + high + "]", 4, 2).of("low"), 1, 0.001);
  EXPECT_NEAR(run("mix: [" + low + "," + high + "," + hogs("fair", ", cpus: \"1\"") + "]", 4, 2).of("low"), 0.96, 0.05);
}

TEST(Changes, APartThatStopsIsOver) {
  const Ran ran = run("mix: [" + hogs("a") + "," + hogs("b", ", stop: 4s", 3) +
                          ", {many_sleepers: {tasks: 50, sleep: 3s, rounds: 1000}, start: 1s, stop: 3s},"
                          " {ping_pong: {rounds: 1000000000}, stop: 3s}, {fork_join: {total: 1000}, stop: 2s},"
                          " {server: {requests: 10000}, stop: 2s}]",
                      8, 4);
  EXPECT_LT(ran.of("b"), 3 * 4.0 / 8);
  EXPECT_GT(ran.of("a"), 0.5);
  EXPECT_EQ(ran.result.status, "ok");
  EXPECT_EQ(ran.result.metric("tasks_unfinished"), 1);
}

// ---- Mistakes ----

TEST(Groups, MistakesNameTheirLine) {
  auto with = [](const std::string& groups) {
    return error_of("groups:\n  " + groups + "\nmix: [{hogs: {}, group: a}]");
  };
  EXPECT_EQ(with("a: {weight: 400, max: {quota: 20ms, period: 50ms, burst: 10ms}, cpus: 0-3}"), "accepted");
  EXPECT_EQ(with("b: {groups: {a: {idle: true, max: max}}}"), "accepted");
  EXPECT_THAT(with("b: {}"), HasSubstr("c.yaml:3: there is no group 'a'"));
  EXPECT_THAT(with("b: {groups: {a: {}}, groups: {c: {}}}"), HasSubstr("c.yaml:2: "));
  EXPECT_THAT(with("{b: {groups: {a: {}}}, c: {groups: {a: {}}}}"),
              HasSubstr("c.yaml:3: 'a' is the name of 2 groups; write its path, as in b/a"));
  EXPECT_THAT(with("{a: {}, a: {}}"), HasSubstr("c.yaml:2: there are two groups 'a'"));
  EXPECT_THAT(with("[a]"), HasSubstr("c.yaml:1: groups is not a mapping"));
  EXPECT_THAT(with("a: 5"), HasSubstr("c.yaml:2: group 'a' is not a mapping"));
  EXPECT_THAT(with("a/b: {}"), HasSubstr("c.yaml:2: 'a/b' is no name of a group"));
  EXPECT_THAT(with("a: {wheight: 5}"), HasSubstr("did you mean 'weight'?"));
  for (const char* weight : {"0", "-1", "10001", "1.5", "x", "99999999999999999999"})
    EXPECT_THAT(with(std::string("a: {weight: ") + weight + "}"), HasSubstr("c.yaml:2: weight is")) << weight;
  EXPECT_THAT(with("a: {idle: true, weight: 5}"), HasSubstr("c.yaml:2: the weight of an idle group counts nothing"));
  EXPECT_THAT(with("a: {max: {period: 50ms}}"), HasSubstr("c.yaml:2: max has no quota"));
  EXPECT_THAT(with("a: {max: 20ms}"), HasSubstr("c.yaml:2: max is not a mapping"));
  for (const char* quota : {"0", "-5ms", "999us", "x", "nan"})
    EXPECT_THAT(with(std::string("a: {max: {quota: ") + quota + "}}"), HasSubstr("c.yaml:2: quota is")) << quota;
  for (const char* period : {"0", "2s", "999us"})
    EXPECT_THAT(with(std::string("a: {max: {quota: 5ms, period: ") + period + "}}"), HasSubstr("c.yaml:2: period is"));
  EXPECT_THAT(with("a: {max: {quota: 5ms, burst: 6ms}}"), HasSubstr("c.yaml:2: burst is"));
  EXPECT_THAT(with("a: {cpus: ''}"), HasSubstr("c.yaml:2: "));
  EXPECT_THAT(with("a: {cpus: 3-1}"), HasSubstr("c.yaml:2: "));
  EXPECT_THAT(with("a: {changes: [{weight: 5}]}"), HasSubstr("c.yaml:2: a change has no time"));
  EXPECT_THAT(with("a: {changes: [{at: 2s, weight: 5}, {at: 1s, weight: 6}]}"),
              HasSubstr("comes before the one above it"));
  // Groups in groups without end.
  std::string deep = "{}";
  for (int i = 0; i < 40; ++i) deep = "{groups: {a: " + deep + "}}";
  EXPECT_THAT(with("a: " + deep), HasSubstr("nested more than 32 deep"));
  EXPECT_NE(error_of("{groups: &g {a: {groups: *g}}, mix: [{hogs: {}}]}"), "accepted");
}

TEST(Changes, MistakesNameTheirLine) {
  auto with = [](const std::string& changes) { return error_of("mix:\n- {hogs: {}, changes: " + changes + "}"); };
  EXPECT_EQ(with("[{at: 0s, nice: 5}, {every: 1ms, cpus: [\"0\", 1-2]}, {at: 1s, policy: rr, priority: 5}]"),
            "accepted");
  EXPECT_THAT(with("{at: 1s}"), HasSubstr("c.yaml:2: changes is not a list"));
  EXPECT_THAT(with("[{at: 1s}]"), HasSubstr("c.yaml:2: nothing is changed here"));
  EXPECT_THAT(with("[{nice: 5}]"), HasSubstr("c.yaml:2: a change has no time"));
  EXPECT_THAT(with("[{at: -1s, nice: 5}]"), HasSubstr("c.yaml:2: at is"));
  EXPECT_THAT(with("[{every: 0s, nice: 5}]"), HasSubstr("c.yaml:2: every is"));
  EXPECT_THAT(with("[{at: 1s, nice: 25}]"), HasSubstr("c.yaml:2: nice is 25"));
  EXPECT_THAT(with("[{at: 1s, nice: [1, 2]}]"), HasSubstr("c.yaml:2: a list of nice is for changes again and again"));
  EXPECT_THAT(with("[{every: 1s, nice: []}]"), HasSubstr("c.yaml:2: nice is empty"));
  EXPECT_THAT(with("[{at: 1s, group: x}]"), HasSubstr("c.yaml:2: there is no group 'x'"));
  EXPECT_THAT(with("[{at: 1s, policy: fife}]"), HasSubstr("c.yaml:2: there is no scheduling policy 'fife'"));
  EXPECT_THAT(with("[{at: 1s, nice: 2, priority: 5}]"), HasSubstr("a priority goes with a policy"));
}

}  // namespace
}  // namespace simsched

#include "experiment/mix.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <map>
#include <set>

#include "base/error.h"
#include "experiment/task_rules.h"
#include "sim/engine.h"
#include "sim/testing.h"
#include "workloads/append.h"
#include "workloads/registry.h"

namespace simsched {
namespace {

using ::testing::HasSubstr;

MixConfig mix(const std::string& yaml) { return read_mix(YAML::Load(yaml), "c.yaml"); }

Workload made(const MixConfig& config) {
  Workload whole = make_mix(config, [](const MixPart& part, size_t copy) {
    return make_workload(part.generator, part.params, "c.yaml", copy + 1);
  });
  whole.check(0);
  return whole;
}

std::string error_of(const std::string& yaml) {
  try {
    mix(yaml);
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}

TEST(Mix, PartsStandBesideEachOther) {
  const Workload w =
      made(mix("mix: [{hogs: {tasks: 2}, name: batch, nice: 5}, {ping_pong: {}, start: 2s, cpus: \"0-1\"},"
               " {periodic: {tasks: 1}, policy: fifo, priority: 20, background: true, copies: 3}]"));
  EXPECT_EQ(w.task_name(TaskId(0)), "batch");
  EXPECT_EQ(w.tasks[1].nice, 5);
  size_t fifo = 0, late = 0;
  for (const TaskSpec& task : w.tasks) {
    fifo += task.policy == SchedPolicy::kFifo && task.rt_priority == 20 && task.background;
    late += task.start == 2_s && task.affinity != AffinityId(0);
  }
  EXPECT_EQ(fifo, 3u);
  EXPECT_EQ(late, 2u);
  std::map<int32_t, int> pids;
  for (const TaskSpec& task : w.tasks) EXPECT_EQ(++pids[task.pid], 1) << task.pid;
}

// A mix of a generator and nothing that disturbs it is that generator, but for the order of what falls on one instant.
// What these do depends on who is first for a lock, a pipe or a CPU; a build is nothing without its file, and packets
// come for as long as anything else goes on.
const std::set<std::string> kByChance = {"build", "hackbench", "oltp", "gaming", "desktop", "upf"};

TEST(Mix, WhatAPartDoesIsWhatItDoesAlone) {
  for (const GeneratorInfo& info : generator_infos()) {
    if (kByChance.contains(info.name) || info.from_file) continue;
    Workload alone = make_workload(info.name, YAML::Node(), "c.yaml", 3), beside;
    append(beside, make_workload("hogs", YAML::Load("{tasks: 1, work: 1ms}"), "c.yaml", 1));
    const TaskId first = append(beside, alone);
    beside.check(4);
    // The hog has CPUs of its own: 4-7.
    beside.tasks[0].affinity = beside.intern_affinity(CpuSet::parse("4-7"));
    const AffinityId own = beside.intern_affinity(CpuSet::parse("0-3"));
    for (size_t i = first.index(); i < beside.tasks.size(); ++i)
      if (beside.tasks[i].affinity == AffinityId(0)) beside.tasks[i].affinity = own;
    for (TaskSpec& task : alone.tasks)
      if (task.affinity == AffinityId(0)) task.affinity = alone.intern_affinity(CpuSet::parse("0-3"));
    const Machine machine = testing::flat_machine(8);
    EngineOptions options;
    options.duration = 1_s;
    const RunResult one = testing::simulate(machine, alone, options), two = testing::simulate(machine, beside, options);
    const auto wakeups = static_cast<double>(one.metric("wakeups"));
    EXPECT_NEAR(wakeups, static_cast<double>(two.metric("wakeups")), wakeups / 500) << info.name;
    EXPECT_EQ(one.metric("forks"), two.metric("forks")) << info.name;
    EXPECT_EQ(one.metric("tasks_exited") + 1, two.metric("tasks_exited")) << info.name;
  }
}

TEST(Mix, PartsShareAMemoryByItsName) {
  const MixConfig config =
      mix("mix:\n- {hogs: {tasks: 2}, memory: 30%, footprint: 8MiB, share: heap}\n"
          "- {ping_pong: {}, memory: 30%, footprint: 8MiB, share: heap}\n"
          "- {hogs: {tasks: 1}, name: late, memory: 30%, footprint: 4MiB, share: other}");
  Workload w = made(config);
  EXPECT_EQ(w.tasks[0].share, 1);
  EXPECT_EQ(w.tasks[2].share, 1);
  EXPECT_EQ(w.tasks.back().share, 2);
  auto error_of_rules = [&](const std::string& rules) -> std::string {
    Workload with = w;
    const YAML::Node node = YAML::Load(rules);
    try {
      apply_task_rules(read_task_rules(YamlMap(node, "r.yaml", "rules", {"tasks"}), {}), with, shared_memories(config));
    } catch (const Error& error) {
      return error.what();
    }
    return "accepted";
  };
  EXPECT_THAT(error_of_rules("{}"), HasSubstr("c.yaml:4: only one task shares 'other'"));
  EXPECT_EQ(error_of_rules("tasks: [{name: hog, footprint: 4MiB, share: other}]"), "accepted");
  EXPECT_THAT(error_of_rules("tasks: [{name: late, share: heap}]"),
              HasSubstr("r.yaml:1: 'late' shares 'heap' with another footprint"));
}

// net.core's values are the machine's.
TEST(Mix, TwoUserPlanesHaveOneNetdev) {
  auto budget_of = [](const char* one, const char* other) {
    return made(mix(std::string("mix:\n- {upf: {") + one + "}}\n- {upf: {" + other + "}}")).packets.netdev.budget;
  };
  EXPECT_EQ(budget_of("netdev: {budget: 100}", "netdev: {budget: 100}"), 100);
  EXPECT_EQ(budget_of("", "netdev: {budget: 300}"), 300);
  for (const char* other : {"", "netdev: {budget: 100, weight: 8}", "netdev: {budget: 100, budget_time: 1ms}",
                            "netdev: {budget: 100, interrupt: 2us}"})
    EXPECT_THAT([&] { budget_of("netdev: {budget: 100}", other); },
                ::testing::ThrowsMessage<Error>(HasSubstr("c.yaml:3: its netdev is not that of the upf before it")));
}

// Refused before the memory is gone.
TEST(Mix, MoreThanASimulationIsMadeForIsAnErrorWithItsLine) {
  EXPECT_THAT([] { made(mix("mix:\n- {hogs: {}}\n- {hogs: {tasks: 1000000}, copies: 100000}")); },
              ::testing::ThrowsMessage<Error>(HasSubstr("c.yaml:3: the workload has more than 4194304 tasks")));
}

TEST(Mix, BadPartsAreErrorsWithTheirLine) {
  EXPECT_THAT(error_of("mix: []"), HasSubstr("c.yaml:1: mix is not a list"));
  EXPECT_THAT(error_of("mix:\n  - {hogs: {}}\n  - {hog: {}}"),
              HasSubstr("c.yaml:3: there is no workload 'hog'; did you mean 'hogs'?"));
  EXPECT_THAT(error_of("mix: [{hogs: {}, nise: 5}]"), HasSubstr("did you mean 'nice'?"));
  EXPECT_THAT(error_of("mix: [{hogs: {}, group: x}]"), HasSubstr("there is no group 'x'"));
  EXPECT_THAT(error_of("mix: [{hogs: {}, priority: 5}]"), HasSubstr("a priority is of real-time tasks"));
  EXPECT_THAT(error_of("mix: [{hogs: {}, uclamp_min: 600, uclamp_max: 300}]"), HasSubstr("uclamp_min is above"));
  EXPECT_THAT(error_of("mix:\n- {hogs: {}, start: 2s, stop: 1s}"), HasSubstr("c.yaml:2: it stops before it starts"));
  EXPECT_THAT(error_of("mix:\n- {hogs: {}, start: 1s, stop: 1s}"), HasSubstr("c.yaml:2: it stops as it starts"));
  EXPECT_THAT(error_of("mix: [{hogs: {}, footprint: 2048GiB}]"),
              HasSubstr("footprint is '2048GiB', which is too large"));
  EXPECT_THAT(error_of("mix: [{hogs: {}}]\ngroups:\n  g: {changes: [\n    {at: 1s}]}"),
              HasSubstr("c.yaml:4: nothing is changed here"));
  for (const char* time : {"start", "stop"})
    EXPECT_THAT([&] { made(mix(std::string("mix:\n- {upf: {}, ") + time + ": 1s}")); },
                ::testing::ThrowsMessage<Error>(HasSubstr("c.yaml:2: packets come from the beginning")));
}

}  // namespace
}  // namespace simsched

// What a config can do of what a scheduler's own loader does.
#include "scx_port/host/loader_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "policies/registry.h"
#include "scx_port/host/file_policies.h"
#include "scx_port/host/hosted.h"
#include "sim/testing.h"

namespace simsched::bpf {
namespace {

using ::testing::HasSubstr;
using Map = Tunables;

const std::string kFolder = std::string(SIMSCHED_SOURCE_DIR) + "/scx_port/host/testdata/";

Tunable setting(const std::string& key, TunableValue value) { return {key, std::move(value), "c.yaml:1"}; }
TunableValue map(Map members) { return TunableValue(std::move(members)); }
TunableValue list(TunableValue::List items) { return TunableValue(std::move(items)); }

// The settings that all have: both sources, and which scheduler of the two it is.
Tunables settings(Tunables more, const std::string& which = "first") {
  Tunables all = {setting("bpf", list({kFolder + "loader.bpf.c", kFolder + "loader_part.bpf.c"})),
                  setting("ops", map({setting("which", which), setting("tick", "none"), setting("timeout_ms", "5000"),
                                      setting("flags", list({"SCX_OPS_ENQ_EXITING", "SCX_OPS_KEEP_BUILTIN_IDLE"}))}))};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

RunResult run(const Tunables& tunables) {
  const Policies policies = file_policies();
  const Machine machine = simsched::testing::flat_machine(2);
  Workload workload;
  for (int i = 0; i < 3; ++i) simsched::testing::add_task(workload, "hog", {op::compute(Work(30'000'000))});
  EngineOptions options;
  ClassStack stack = policies[0]->make({options.kernel, machine, "c.yaml:1"}, tunables);
  Engine engine(machine, workload, options, std::move(stack));
  engine.run();
  return engine.result();
}

int64_t counter(const RunResult& result, const std::string& name) { return result.find("ext_" + name).value_or(-1); }

std::string error_of(const Tunables& tunables) {
  try {
    run(tunables);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

const TunableValue kSetUp = map({setting("program", "set_up"), setting("cpu", "1"),
                                 setting("context", map({setting("add", "3"), setting("times", "10")}))});

TEST(LoaderSettings, SourcesAreLinkedProgramsRunAndMapsFilled) {
  const RunResult result = run(settings(
      {setting("run", list({kSetUp})),
       setting("maps", map({setting("by_key", map({setting("9", map({setting("kind", "4"),
                                                                     setting("limits", list({"1", "20"}))}))}))})),
       setting("report", list({"total", "calls", "map_sum", "arena_sum", "signed_value", "numbers"}))}));
  EXPECT_EQ(result.status, "ok");
  EXPECT_EQ(counter(result, "total"), 60) << "2 * 3 * 10";
  EXPECT_EQ(counter(result, "calls"), 1);
  EXPECT_EQ(counter(result, "map_sum"), 24);
  EXPECT_EQ(counter(result, "arena_sum"), 11);
  EXPECT_EQ(counter(result, "signed_value"), -7);
  EXPECT_EQ(counter(result, "numbers[2]"), 3);
}

TEST(LoaderSettings, ProgramsRunLaterAndAgain) {
  const TunableValue later = map({setting("program", "set_up"), setting("at", "5ms"), setting("every", "10ms")});
  const RunResult result = run(settings({setting("run", list({later})), setting("report", "calls")}));
  EXPECT_GE(counter(result, "calls"), 3);
  EXPECT_LE(counter(result, "calls"), 5);
}

TEST(LoaderSettings, PartsOfArraysAndStructuresAreSetByThePathOrAsTheyLie) {
  for (const Tunables& way :
       {Tunables{setting("layers[1].limits[1]", "77"), setting("layers[0].kind", "1")},
        Tunables{setting("layers", list({map({setting("kind", "1")}), map({setting("limits", list({"0", "77"}))})}))},
        Tunables{setting("layers", map({setting("1", map({setting("limits", map({setting("1", "77")}))}))}))}}) {
    Tunables all = way;
    all.push_back(setting("report", "seen_limit"));
    EXPECT_EQ(counter(run(settings(all)), "seen_limit"), 77);
  }
}

TEST(LoaderSettings, WhatAProgramAllocatedIsFilledAndPassedOn) {
  const TunableValue place =
      map({setting("program", "place"), setting("fill", map({setting("page", list({"40", "2"}))})),
           setting("then", map({setting("program", "add"), setting("context", map({setting("more", "100")}))}))});
  const RunResult result = run(settings({setting("run", list({place})), setting("report", "arena_sum")}));
  EXPECT_EQ(counter(result, "arena_sum"), 142);
}

TEST(LoaderSettings, PerCpuValuesDifferWhereAListSaysSo) {
  const TunableValue values = list({map({setting("kind", "5")}), map({setting("kind", "6")})});
  const RunResult result = run(settings({setting("maps", map({setting("of_cpu", map({setting("0", values)}))})),
                                         setting("run", list({map({setting("program", "read"), setting("cpu", "1")})})),
                                         setting("report", "total")}));
  EXPECT_EQ(counter(result, "total"), 6);
}

TEST(LoaderSettings, ValuesOfTheMachine) {
  const TunableValue each = map({setting("each", "cpu"), setting("program", "read"), setting("cpu", "$cpu.id")});
  const TunableValue kinds = map({setting("each", "cpu"), setting("kind", "$cpu.id + 1")});
  const RunResult result =
      run(settings({setting("run", list({each})), setting("report", list({"total", "seen_limit"})),
                    setting("maps", map({setting("of_cpu", map({setting("0", kinds)}))})),
                    setting("layers", map({setting("1", map({setting("limits", list({"0", "$sizeof layer"}))}))}))}));
  EXPECT_EQ(counter(result, "total"), 3) << "1 on CPU 0, 2 on CPU 1";
  EXPECT_EQ(counter(result, "seen_limit"), 32) << "bytes of a struct layer";
}

TEST(LoaderSettings, MembersOfTheTableAreReplaced) {
  EXPECT_EQ(run(settings({})).status, "ok") << "tick() is gone";
  const Tunables as_it_is = {setting("bpf", list({kFolder + "loader.bpf.c", kFolder + "loader_part.bpf.c"})),
                             setting("ops", map({setting("which", "first")}))};
  EXPECT_THAT(run(as_it_is).status, HasSubstr("a loader takes this away"));
}

TEST(LoaderSettings, WhatDoesNotFitIsSaid) {
  EXPECT_THAT(error_of(settings({}, "third")), HasSubstr("there is no scheduler 'third'"));
  EXPECT_THAT(error_of(settings({setting("run", list({map({setting("program", "setup")})}))})),
              HasSubstr("no program 'setup' to run; did you mean 'set_up'"));
  EXPECT_THAT(error_of(settings({setting("layers[3].kind", "1")})), HasSubstr("has 3 elements"));
  EXPECT_THAT(error_of(settings({setting("layers[0].knd", "1")})), HasSubstr("no member 'knd'"));
  EXPECT_THAT(error_of(settings({setting("layers[x].kind", "1")})), HasSubstr("'x' is no index"));
  EXPECT_THAT(error_of(settings({setting("maps", map({setting("nothing", map({setting("1", "1")}))}))})),
              HasSubstr("no map 'nothing'"));
  EXPECT_THAT(error_of(settings({setting("report", "tot")})), HasSubstr("no variable 'tot'"));
  EXPECT_THAT(error_of({setting("bpf", kFolder + "loader.bpf.c"), setting("ops", map({setting("which", "first")}))}),
              HasSubstr("calls twice(), which no kernel has and it does not define"));
}

}  // namespace
}  // namespace simsched::bpf

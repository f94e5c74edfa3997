// The settings that come with simsched for schedulers of the scx repository. Those that need its sources want a copy of
// it in SIMSCHED_SCX_SOURCE, and are skipped without.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "base/error.h"
#include "policies/registry.h"
#include "scx_port/host/file_policies.h"
#include "scx_port/host/hosted.h"
#include "sim/testing.h"

namespace simsched {
namespace {

using ::testing::HasSubstr;

const Policy& presets() {
  static const Policies policies = file_policies();
  for (const auto& policy : policies)
    if (policy->name() == "scx") return *policy;
  throw Error("", "there is no policy 'scx'", "");
}

std::vector<std::string> names() {
  const KernelParams kernel;
  const Machine machine = testing::flat_machine(1);
  return presets().tunables({kernel, machine, ""}).front().words;
}

RunResult run(const Machine& machine, const Tunables& tunables) {
  Workload workload;
  for (int i = 0; i < 6; ++i) {
    testing::add_task(workload, "task", {op::compute(Work(3'000'000)), op::sleep(1_ms), op::loop(0, 20)});
  }
  EngineOptions options;
  options.kernel.version = "6.18";
  Engine engine(machine, workload, options, presets().make({options.kernel, machine, "c.yaml:1"}, tunables));
  engine.run();
  return engine.result();
}

std::string error_of(const Tunables& tunables) {
  try {
    run(testing::flat_machine(2), tunables);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(ScxPresets, WhatIsMissingIsSaid) {
  EXPECT_THAT(error_of({{"scx", "bpfland", "c.yaml:1"}}), HasSubstr("it is not said where the scheduler's source is"));
  EXPECT_THAT(error_of({{"scx", "bpfladn", ""}, {"source", "/nowhere", ""}}), HasSubstr("did you mean 'bpfland'"));
  EXPECT_THAT(error_of({{"scx", "bpfland", ""}, {"source", "/nowhere", ""}}),
              HasSubstr("/nowhere/scheds/rust/scx_bpfland/src/bpf/main.bpf.c"));
}

class ScxPreset : public ::testing::TestWithParam<std::string> {};

TEST_P(ScxPreset, SetsItsSchedulerUpOnMachinesWithAndWithoutSmt) {
  const char* const source = std::getenv("SIMSCHED_SCX_SOURCE");
  if (source == nullptr || source[0] == 0) GTEST_SKIP() << "SIMSCHED_SCX_SOURCE is not set: a copy of the scx repository";
  MachineSpec spec;
  spec.name = "two caches, two threads a core";
  for (size_t i = 0; i < 8; ++i) spec.cpus.push_back({CoreId(i / 2), LlcId(i / 4), NodeId(0)});
  for (const Machine& machine : {testing::flat_machine(4), Machine(spec)}) {
    const RunResult result = run(machine, {{"scx", GetParam(), "c.yaml:1"}, {"source", source, "c.yaml:1"}});
    EXPECT_EQ(result.status, "ok") << machine.name();
    EXPECT_GT(result.find("ext_calls_enqueue").value_or(0) + result.find("ext_calls_select_cpu").value_or(0), 20);
  }
}

INSTANTIATE_TEST_SUITE_P(Of, ScxPreset, ::testing::ValuesIn(names()), [](const auto& preset) { return preset.param; });

}  // namespace
}  // namespace simsched

// The settings that come with simsched for schedulers of the scx repository. Those that need its sources want a copy of
// it in SIMSCHED_SCX_SOURCE, and are skipped without.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "base/temporary_folder.h"
#include "policies/registry.h"
#include "scx_port/host/file_policies.h"
#include "scx_port/host/hosted.h"
#include "scx_port/host/scx_sources.h"
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
              HasSubstr("no source of scx_bpfland is in /nowhere"));
}

// A tree as the repository's is: a scheduler of two sources, one that another includes, and a library.
TEST(ScxSources, AreThoseOfTheSchedulersFolderAndOfLibrariesThatItIncludes) {
  const TemporaryFolder tree("simsched-scx");
  const std::string own = "scheds/rust/scx_mine/src/bpf/";
  const auto write = [&](const std::string& name, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::path(tree.file(name)).parent_path());
    std::ofstream(tree.file(name)) << text;
  };
  write(own + "main.bpf.c", "#include <scx/common.bpf.h>\n#include \"part.bpf.c\"\n# include <lib/tree.h>\n");
  write(own + "part.bpf.c", "// #include <lib/other.h>\n");
  write(own + "second.bpf.c", "");
  write("scheds/rust/scx_mines/src/bpf/main.bpf.c", "");
  write("scheds/include/lib/tree.h", "");
  write("scheds/include/lib/leaf.h", "");
  write("scheds/include/lib/other.h", "");
  write("lib/tree.bpf.c", "#include <lib/leaf.h>\n");
  write("lib/leaf.bpf.c", "");
  write("lib/other.bpf.c", "");
  for (const std::string& source : {tree.path(), tree.file(own)}) {
    const ScxSources found = find_scx_sources(source, "mine", "c.yaml:1");
    std::vector<std::string> names;
    for (const std::string& file : found.files) names.push_back(std::filesystem::path(file).filename());
    EXPECT_THAT(names, ::testing::ElementsAre("main.bpf.c", "second.bpf.c", "leaf.bpf.c", "tree.bpf.c"));
    EXPECT_THAT(found.include, ::testing::ElementsAre(tree.file("scheds/include")));
  }
  EXPECT_THROW(find_scx_sources(tree.path(), "theirs", "c.yaml:1"), Error);
  // What its own build compiles counts, where it says that.
  const auto by_build = [&](const std::string& text) {
    write("scheds/rust/scx_mine/build.rs", text);
    std::vector<std::string> names;
    for (const std::string& file : find_scx_sources(tree.path(), "mine", "c.yaml:1").files)
      names.push_back(std::filesystem::path(file).filename());
    return names;
  };
  EXPECT_THAT(by_build("x.enable_skel(\"src/bpf/main.bpf.c\", \"a // b\").add_source(\n \"src//bpf/second.bpf.c\",\n)"
                       ".add_source(\"src/bpf/second.bpf.c\") /* .add_source(\"src/bpf/lib/other.bpf.c\") */\n"),
              ::testing::ElementsAre("main.bpf.c", "second.bpf.c"));
  EXPECT_THAT(by_build(".enable_skel(\"src/bpf/main.bpf.c\", \"bpf\")\n// .add_source(\"src/bpf/second.bpf.c\")\n"
                       "  .add_source(\"src/bpf/lib/other.bpf.c\")\n"),
              ::testing::ElementsAre("main.bpf.c", "other.bpf.c"));
  EXPECT_EQ(by_build(".enable_skel(main(), \"bpf\")\n.add_source(\"src/bpf/second.bpf.c\")\n").size(), 4u);
  EXPECT_EQ(by_build(".enable_skel(\"src/bpf/gone.bpf.c\", \"bpf\")\n").size(), 4u);
}

class ScxPreset : public ::testing::TestWithParam<std::string> {};

TEST_P(ScxPreset, SetsItsSchedulerUpOnMachinesWithAndWithoutSmt) {
  const char* const source = std::getenv("SIMSCHED_SCX_SOURCE");
  if (source == nullptr || source[0] == 0)
    GTEST_SKIP() << "SIMSCHED_SCX_SOURCE is not set: a copy of the scx repository";
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

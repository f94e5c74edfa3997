#include "fit/fit_build.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "base/error.h"
#include "replay/build_workload.h"
#include "topology/load/load.h"
#include "traces/read_trace.h"
#include "traces/trace_maker.h"
#include "workloads/build_plan.h"
#include "workloads/build_yaml.h"

namespace simsched {
namespace {

// The -j4 build of a small program: see traces/samples/README.md.
const BuildFit& sample() {
  static const BuildFit fit = [] {
    const SchedTrace trace =
        read_trace(std::string(SIMSCHED_SOURCE_DIR) + "/traces/samples/small-build-j4.perf.data.zst", "");
    return fit_build(trace, build_workload(trace, load_machine("vm-2c")), "sample");
  }();
  return fit;
}

int64_t makes_of(const BuildMake& make) {
  int64_t count = 1;
  for (const BuildItem& item : make.items) count += item.make.empty() ? 0 : makes_of(item.make[0]);
  return count;
}

TEST(FitBuild, FindsTheProcessesOfARecording) {
  const BuildFit& fit = sample();
  EXPECT_EQ(tasks_of(fit.model.root, fit.model), fit.processes);
  EXPECT_EQ(fit.model.make, "make");
  EXPECT_EQ(fit.model.jobs, 4);
  EXPECT_GT(fit.model.objects(), 1);
}

TEST(FitBuild, KeepsTheWork) {
  const BuildFit& fit = sample();
  std::vector<int64_t> by_kind;
  for (const BuildJob& job : fit.model.kinds) {
    int64_t work = 0;
    for (const BuildProcess& process : job.processes) {
      work += process.work.mean;
      for (const BuildRuns& runs : process.loop) work += runs.times * by_kind[runs.job];
    }
    by_kind.push_back(work);
  }
  const std::vector<int64_t> counts = jobs_of(fit.model.root, by_kind.size());
  std::function<int64_t(const BuildMake&)> own = [&](const BuildMake& make) {
    int64_t work = make.start + make.end;
    for (const BuildItem& item : make.items) {
      work += make.each * item.runs.times;
      if (!item.make.empty()) work += own(item.make[0]);
    }
    return work;
  };
  int64_t work = own(fit.model.root);
  for (size_t i = 0; i < counts.size(); ++i) work += counts[i] * by_kind[i];
  EXPECT_NEAR(static_cast<double>(work), static_cast<double>(fit.work), 0.01 * static_cast<double>(fit.work));
}

TEST(FitBuild, WhatItWritesIsABuild) {
  const BuildModel& model = sample().model;
  const BuildModel read = parse_build(build_to_yaml(model), "written.yaml");
  EXPECT_EQ(read.objects(), model.objects());
  EXPECT_EQ(makes_of(read.root), makes_of(model.root));
  EXPECT_EQ(build_to_yaml(read), build_to_yaml(model));
}

// As in a trace of sched_switch and sched_waking alone, or one whose processes do not end in it.
TEST(FitBuild, ARecordingThatDoesNotTellWhenCommandsBeganOrEndedIsRefused) {
  SchedTrace trace = read_trace(std::string(SIMSCHED_SOURCE_DIR) + "/traces/samples/small-build-j4.perf.data.zst", "");
  const Workload workload = build_workload(trace, load_machine("vm-2c"));
  auto refuses = [&](auto&& left_out) {
    SchedTrace without = trace;
    std::erase_if(without.events, left_out);
    EXPECT_THAT([&] { fit_build(without, workload, "t.perf.data"); },
                testing::ThrowsMessage<Error>(
                    testing::AllOf(testing::StartsWith("t.perf.data: tells of 0 of "),
                                   testing::HasSubstr("when they began and ended, so not how many ran at a time"))));
  };
  refuses([](const TraceEvent& event) { return event.kind == TraceKind::kFork; });
  refuses([](const TraceEvent& event) {
    return event.kind == TraceKind::kSwitch && (event.state & (kStateDead | kStateZombie));
  });
}

TEST(FitBuild, ARecordingWithoutMakeIsRefused) {
  TraceMaker maker;
  maker.names(10, "sh").sw(0, 0, 0, 0, 10).fork(10, 0, 10, 11).names(11, "cc1").wakeup_new(12, 0, 10, 11);
  maker.sw(20, 0, 10, kStateZombie, 11).sw(50, 0, 11, kStateZombie, 0);
  const SchedTrace& trace = maker.trace();
  try {
    fit_build(trace, build_workload(trace, load_machine("vm-2c")), "t.perf.data");
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::StartsWith("t.perf.data: no make runs anything"));
  }
}

}  // namespace
}  // namespace simsched

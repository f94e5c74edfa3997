#include "ml/collect/recorded.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/temporary_folder.h"
#include "experiment/policies.h"
#include "ml/collect/collect.h"
#include "topology/load/load.h"

namespace simsched::ml {
namespace {

using collect::Decision;
using collect::DecisionFile;
using collect::Stop;
using collect::Trigger;
using ::testing::HasSubstr;

// Of a task of nice 0 that waits on CPU 0 and could go to CPU 5, on the other node.
Decision decision(Trigger trigger, bool moves) {
  Decision row;
  row.pid = row.tgid = collect::Pid(100);
  row.src = row.waker_cpu = CpuId(0);
  row.waker_pid = collect::Pid(0);
  row.dst = CpuId(5);
  row.trigger = trigger;
  row.result = moves;
  row.weight = 1024;
  row.policy = 0;
  row.allowed_cpus = 8;
  row.src_queue.nr_running = 3;
  row.dst_queue.nr_running = 0;
  row.since_run = 4_ms;
  row.last_burst = 1_ms;
  row.last_stop = Stop::kSlept;
  return row;
}

Dataset dataset(const std::vector<Decision>& rows, const Collected& what = {}) {
  return decisions_of({{}, rows}, load_machine("vm-8c2n"), what, "x.decisions");
}

TEST(Recorded, ARowHasWhatTheKernelKnew) {
  const Dataset data = dataset({decision(Trigger::kWake, true), decision(Trigger::kBalanceIdle, false)});
  ASSERT_EQ(data.rows(), 2u);
  EXPECT_EQ(data.moves, (std::vector<uint8_t>{1, 0}));
  const mlp::Features f = data.row(0);
  EXPECT_EQ(f[FEATURE_WEIGHT], feature_log(100));
  EXPECT_EQ(f[FEATURE_RUN], feature_log(1'000'000));
  EXPECT_EQ(f[FEATURE_SLEEP], feature_share(4, 5));
  EXPECT_EQ(f[FEATURE_COLD], feature_log(4'000'000));
  EXPECT_EQ(f[FEATURE_SRC_QUEUE], feature_queue(2, 1));
  EXPECT_EQ(f[FEATURE_DST_QUEUE], 0);
  EXPECT_EQ(f[FEATURE_SRC_IDLE], 0);
  EXPECT_EQ(f[FEATURE_DST_IDLE], feature_share(1, 4)) << "one CPU of the cache is known to idle";
  EXPECT_EQ(f[FEATURE_RELATION], RELATION_REMOTE);
  EXPECT_GT(f[FEATURE_DISTANCE], 0);
  EXPECT_EQ(f[FEATURE_CAPACITY], 128);
  EXPECT_EQ(f[FEATURE_HOME], HOME_SRC);
  EXPECT_EQ(f[FEATURE_SITE], SITE_WAKE);
  EXPECT_EQ(data.row(1)[FEATURE_SITE], SITE_BALANCE);
  EXPECT_EQ(data.origins[0].recording, "x.decisions");
}

TEST(Recorded, WhatTeachesNothingIsLeftOut) {
  std::vector<Decision> rows(7, decision(Trigger::kBalanceBusy, true));
  rows[0].trigger = Trigger::kMoved;  // nobody saw what was refused
  rows[1].running = 1;
  rows[2].dst = rows[2].src;
  rows[3].allowed_cpus = 1;
  rows[4].policy = 1;  // SCHED_FIFO
  rows[5].weight = collect::kAbsent;
  EXPECT_EQ(dataset(rows).rows(), 1u);
  Collected wakes;
  wakes.sites = {true, false, false, false};
  EXPECT_EQ(dataset(rows, wakes).rows(), 0u);
}

TEST(Recorded, AnotherMachineIsRefused) {
  Decision row = decision(Trigger::kWake, true);
  row.dst = CpuId(8);
  EXPECT_THROW(dataset({row}), Error);
}

TEST(Recorded, AConfigNamesRecordingsBesideRuns) {
  const TemporaryFolder folder("simsched-recorded");
  collect::DecisionWriter writer(folder.file("a.decisions"));
  for (int i = 0; i < 50; ++i) writer.add(decision(Trigger::kBalanceIdle, i % 5 == 0));
  collect::About about;
  for (int32_t cpu = 0; cpu < 8; ++cpu) about.cpus.push_back({CpuId(cpu), cpu, cpu, cpu / 4 * 4, cpu / 4, 1024});
  writer.finish(about);
  const PolicyRegistry registry = all_policies();
  const std::string text = "recorded: [{file: a.decisions, machine: vm-8c2n}]\n";
  const Dataset alone = collect(parse_dataset_config(text, folder.file("d.yaml"), registry), 1);
  EXPECT_EQ(alone.count(), (std::array<size_t, 2>{40, 10}));
  const std::string both =
      text + "runs: [{machine: vm-8c2n, workload: {hackbench: {}}, policies: [eevdf], duration: 50ms}]\n";
  const Dataset all = collect(parse_dataset_config(both, folder.file("d.yaml"), registry), 1);
  EXPECT_EQ(all.origins.size(), 2u);
  EXPECT_GT(all.rows(), 100u);
  for (const char* wrong :
       {"recorded: []\n", "recorded: [{file: a.decisions}]\n", "recorded: [{file: b.decisions, machine: vm-8c2n}]\n",
        "recorded: [{machine: vm-8c2n}]\n"}) {
    try {
      collect(parse_dataset_config(wrong, folder.file("d.yaml"), registry), 1);
      ADD_FAILURE() << wrong;
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr("d.yaml:1")) << wrong;
    }
  }
}

}  // namespace
}  // namespace simsched::ml

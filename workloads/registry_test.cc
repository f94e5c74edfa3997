#include "workloads/registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <fstream>
#include <iterator>

#include "base/error.h"
#include "workloads/ideal_run.h"

namespace simsched {
namespace {

Workload make(const std::string& name, const std::string& yaml = "", uint64_t seed = 1) {
  return make_workload(name, YAML::Load(yaml), "test.yaml", seed);
}

// Those that make their tasks of parameters.
std::vector<GeneratorInfo> made_generators() {
  std::vector<GeneratorInfo> infos = generator_infos();
  std::erase_if(infos, [](const GeneratorInfo& info) { return info.from_file; });
  return infos;
}

std::string error_of(const std::string& name, const std::string& yaml) {
  try {
    make(name, yaml);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(Generators, AllRunToTheEnd) {
  for (const GeneratorInfo& info : made_generators()) {
    Workload workload = make(info.name);
    EXPECT_EQ(workload.name, info.name);
    EXPECT_TRUE(run_ideally(workload).completed(workload)) << info.name;
  }
}

TEST(Generators, SameSeedSameWorkload) {
  for (const GeneratorInfo& info : made_generators()) {
    EXPECT_EQ(make(info.name, "", 7).ops, make(info.name, "", 7).ops) << info.name;
  }
  EXPECT_NE(make("fork_join", "", 7).ops, make("fork_join", "", 8).ops);
  EXPECT_NE(make("server", "", 7).ops, make("server", "", 8).ops);
}

TEST(Generators, DefaultsAreInRange) {
  for (const GeneratorInfo& info : generator_infos()) {
    for (const ParamInfo& param : info.params) {
      EXPECT_LE(param.low, param.otherwise) << info.name << " " << param.name;
      EXPECT_LE(param.otherwise, param.high) << info.name << " " << param.name;
    }
  }
}

// docs/workloads.md has each parameter with its default and range.
TEST(Generators, AreDescribed) {
  std::ifstream file(std::string(SIMSCHED_SOURCE_DIR) + "/docs/workloads.md");
  std::string text{std::istreambuf_iterator<char>(file), {}};
  for (const GeneratorInfo& info : generator_infos()) {
    size_t section = text.find("\n### " + info.name + "\n");
    ASSERT_NE(section, std::string::npos) << info.name;
    for (const ParamInfo& param : info.params) {
      std::string row = "| `" + param.name + "` | " + param.text(param.otherwise) + " | " + param.text(param.low) +
                        " to " + param.text(param.high) + " | " + param.meaning + " |";
      EXPECT_NE(text.find(row, section), std::string::npos) << info.name << ": " << row;
    }
  }
}

TEST(Generators, Hogs) {
  Workload workload = make("hogs", "{tasks: 3, work: 5ms}");
  IdealRun run = run_ideally(workload);
  ASSERT_EQ(run.tasks.size(), 3u);
  for (const IdealRun::Task& task : run.tasks) EXPECT_EQ(task.work, Work(5'000'000));
}

TEST(Generators, Periodic) {
  Workload workload = make("periodic", "{tasks: 2, period: 10ms, work: 3ms, rounds: 5}");
  EXPECT_EQ(workload.tasks[0].first_op, workload.tasks[1].first_op);
  EXPECT_EQ(run_ideally(workload).end, 50_ms);
  Workload jittered = make("periodic", "{tasks: 2, period: 10ms, work: 3ms, rounds: 5, jitter: 50%, phased: 1}");
  IdealRun run = run_ideally(jittered);
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_GE(run.tasks[i].work, Work(7'500'000));
    EXPECT_LE(run.tasks[i].work, Work(22'500'000));
    EXPECT_EQ(run.tasks[i].end - jittered.tasks[i].start, 50_ms);
  }
}

TEST(Generators, PingPong) {
  EXPECT_EQ(run_ideally(make("ping_pong", "{pairs: 3, rounds: 10, work: 1us}")).end, 20_us);
}

TEST(Generators, ForkJoinKeepsItsJobsGoing) {
  // Jobs of equal length come in waves of 4.
  Workload workload = make("fork_join", "{jobs: 4, total: 12, work: 100ms, spread: 0, shell_work: 2us}");
  EXPECT_EQ(workload.tasks.size(), 25u);
  Nanos end = run_ideally(workload).end;
  EXPECT_GT(end, 300_ms);
  EXPECT_LT(end, 301_ms);
  Workload few = make("fork_join", "{jobs: 9, total: 3}");
  EXPECT_TRUE(run_ideally(few).completed(few));
}

TEST(Generators, ServerServesEveryRequest) {
  Workload workload =
      make("server", "{clients: 5, workers: 2, requests: 20, service: 1ms, spread: 0, client_work: 1us}");
  IdealRun run = run_ideally(workload);
  EXPECT_EQ(run.tasks[0].work + run.tasks[1].work, Work(100 * 1'000'000));
  EXPECT_TRUE(run.completed(workload));
}

TEST(Generators, AMillionTasksShareAProgram) {
  for (const char* name : {"many_sleepers", "wake_storm"}) {
    Workload workload = make(name, "{tasks: 999999, rounds: 1}");
    EXPECT_LT(workload.ops.size(), 10u);
    EXPECT_GE(workload.tasks.size(), 999999u);
  }
  EXPECT_EQ(run_ideally(make("wake_storm", "{tasks: 100, rounds: 3, interval: 1ms, work: 1us}")).end, 3001_us);
}

TEST(Generators, ErrorsTellWhereAndWhatToDo) {
  EXPECT_THAT(error_of("hogs", "a: 1"), testing::HasSubstr("test.yaml:1"));
  EXPECT_THAT(error_of("hogs", "tasks: 2\nwrok: 1ms"),
              testing::AllOf(testing::HasSubstr("test.yaml:2"), testing::HasSubstr("work")));
  EXPECT_THAT(error_of("hogs", "tasks: 0"), testing::HasSubstr("1 to 1000000"));
  EXPECT_THAT(error_of("hogs", "work: 1 hour"), testing::HasSubstr("1ns to 3600s"));
  EXPECT_THAT(error_of("hogs", "work: 9999999999s"), testing::HasSubstr("1ns to 3600s"));
  EXPECT_THAT(error_of("hogs", "tasks: 4ms"), testing::HasSubstr("tasks is '4ms'"));
  EXPECT_THAT(error_of("hogs", "tasks: -4"), testing::HasSubstr("tasks is '-4'"));
  EXPECT_THAT(error_of("hogs", "[1]"), testing::HasSubstr("not a mapping"));
  EXPECT_THAT(error_of("hosg", ""), testing::HasSubstr("hogs"));
}

}  // namespace
}  // namespace simsched

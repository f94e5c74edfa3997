#include "workloads/registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>

#include "base/error.h"
#include "workloads/ideal_run.h"

namespace simsched {
namespace {

// What must be given has a file to be tried with.
const std::map<std::string, std::string> kSmallest = {
    {"build", "{file: " + std::string(SIMSCHED_SOURCE_DIR) + "/tests/fuzz/corpus/build/small.yaml}"}};

Workload make(const std::string& name, const std::string& yaml = "", uint64_t seed = 1) {
  const bool needs = yaml.empty() && kSmallest.contains(name);
  return make_workload(name, YAML::Load(needs ? kSmallest.at(name) : yaml), "test.yaml", seed);
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
      std::string row = "| `" + param.name + "` | " + param.otherwise_text() + " | " + param.range_text(" to ") +
                        " | " + param.meaning + " |";
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

TEST(Generators, OpenLoopArrivesWhateverBecameOfThoseBefore) {
  Workload even = make("open_loop", "{requests: 50, arrivals: even, interval: 2ms, service: 7ms, distribution: fixed}");
  for (size_t i = 0; i < 50; ++i) EXPECT_EQ(even.tasks[i].start, 2_ms * static_cast<int64_t>(i + 1));
  for (const char* distribution : {"exponential", "uniform", "rare_long"}) {
    Workload w = make(
        "open_loop", std::string("{requests: 50000, interval: 1ms, service: 1ms, distribution: ") + distribution + "}");
    int64_t work = 0;
    for (const Op& op : w.ops) work += op.value;
    EXPECT_NEAR(static_cast<double>(work) / 50000, 1e6, 1e5) << distribution;
    EXPECT_NEAR(static_cast<double>(w.tasks.back().start.count()), 50e9, 1e9);
  }
}

TEST(Generators, SchbenchDoesAllItsRequests) {
  IdealRun run = run_ideally(make("schbench", "{messengers: 2, workers: 3, requests: 7, request: 5ms, rest: 1us}"));
  int64_t work = 0;
  for (const IdealRun::Task& task : run.tasks) work += task.work.count() / 1'000'000;
  EXPECT_EQ(work, 2 * 3 * 7 * 5);
}

TEST(Generators, HackbenchDeliversEveryMessage) {
  for (const char* through : {"sockets", "pipes"}) {
    Workload w =
        make("hackbench",
             std::string("{groups: 2, peers: 5, loops: 40, bytes: 4000, receive: 1us, through: ") + through + "}");
    IdealRun run = run_ideally(w);
    EXPECT_TRUE(run.completed(w)) << through;
    for (size_t i = 0; i < w.tasks.size(); ++i) {
      if (w.task_name(TaskId(i)) == "receiver") {
        EXPECT_EQ(run.tasks[i].work, Work(5 * 40 * 1000));
      }
    }
  }
}

TEST(Generators, OltpRepeatsItsTransactions) {
  for (int transactions : {1, 63, 64, 65, 200}) {
    IdealRun run =
        run_ideally(make("oltp", "{connections: 3, rows: 1, statement: 1ms, spread: 0, statements: 4, transactions: " +
                                     std::to_string(transactions) + "}"));
    EXPECT_EQ(run.tasks[1].work, Work(transactions * 5'000'000)) << transactions;
    EXPECT_GE(run.end, 1300_us * 3 * transactions) << "one row: one commit after another";
  }
}

TEST(Generators, GamingKeepsItsPace) {
  Workload w = make("gaming", "{frames: 100, main: 1ms, render: 15ms, job: 1ms, spread: 0, encode: 1ms}");
  IdealRun run = run_ideally(w);
  EXPECT_GE(run.end, 16667_us * 99);
  EXPECT_LE(run.end, 16667_us * 102);
  Workload alone = make("gaming", "{frames: 9, workers: 0, encoders: 0}");
  EXPECT_TRUE(run_ideally(alone).completed(alone));
}

TEST(Generators, InterbenchRunsEachBenchBesideEachLoad) {
  for (const char* bench : {"audio", "video", "x", "game"}) {
    for (const char* load : {"none", "video", "x", "burn", "write", "read", "compile", "memload"}) {
      Workload w = make("interbench", std::string("{seconds: 10, bench: ") + bench + ", load: " + load + "}");
      IdealRun run = run_ideally(w);
      EXPECT_TRUE(run.completed(w)) << bench << " " << load;
      EXPECT_NEAR(static_cast<double>(run.end.count()), 10e9, 3e8) << bench << " " << load;
    }
  }
}

TEST(Generators, ABuildHasAllItsProcesses) {
  Workload w = make("build");
  EXPECT_TRUE(run_ideally(w).completed(w));
  EXPECT_EQ(
      std::count_if(w.tasks.begin(), w.tasks.end(), [&](const TaskSpec& task) { return w.names[task.name] == "cc1"; }),
      4);
  const std::string file = kSmallest.at("build");
  for (int jobs : {1, 2, 3, 100}) {
    for (int objects : {1, 5, 50}) {
      Workload other = make("build", file.substr(0, file.size() - 1) + ", jobs: " + std::to_string(jobs) +
                                         ", objects: " + std::to_string(objects) + "}");
      EXPECT_TRUE(run_ideally(other).completed(other)) << jobs << " " << objects;
    }
  }
  EXPECT_THAT(error_of("build", "{jobs: 4}"), testing::HasSubstr("test.yaml:1: no file is given"));
  EXPECT_THAT(error_of("build", "{file: nowhere.yaml}"),
              testing::HasSubstr("test.yaml:1: there is no file nowhere.yaml"));
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
  EXPECT_THAT(error_of("interbench", "bench: vide"), testing::HasSubstr("did you mean 'video'"));
  EXPECT_THAT(error_of("hogs", "[1]"), testing::HasSubstr("not a mapping"));
  EXPECT_THAT(error_of("hosg", ""), testing::HasSubstr("hogs"));
}

}  // namespace
}  // namespace simsched

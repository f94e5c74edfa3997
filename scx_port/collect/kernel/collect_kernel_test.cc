// The collector on this machine's kernel, against counts that do not come from it.
#include <bpf/bpf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/bpf.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <map>
#include <thread>

#include "base/error.h"
#include "scx_port/collect/kernel/tracepoint_count.h"
#include "scx_port/collect/recorder.h"

namespace simsched::collect {
namespace {

// Four compilers at a time and a shell around them: forks, execs, pipes, sleeps.
constexpr const char* kBuild = R"(
dir=$(mktemp -d) && cd "$dir" || exit 1
for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
  echo "#include <stdio.h>
  int f$i(int n) { return n < 2 ? n : f$i(n - 1) + f$i(n - 2); }" > $i.c
done
ls *.c | xargs -P 4 -n 1 cc -O2 -c || exit 1
ls *.o | wc -l
cd / && rm -r "$dir")";

class CollectKernelTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string obstacle;
    try {
      check_can_record();
      Recorder({}, [](const Decision&) {}).stop();
    } catch (const Error& error) {
      obstacle = error.what();
    }
    if (obstacle.empty()) return;
    const char* require = std::getenv("SIMSCHED_REQUIRE_BPF");
    if (require != nullptr && std::strcmp(require, "1") == 0) FAIL() << obstacle;
    GTEST_SKIP() << obstacle;
  }

  // Runs `body` in a process of its own; true: it says so.
  template <class Body>
  static pid_t start(Body body) {
    const pid_t child = fork();
    if (child == 0) _exit(body() ? 0 : 1);
    return child;
  }
  static bool ended(Recorder& recorder, pid_t child) {
    int status = 0;
    while (waitpid(child, &status, WNOHANG) == 0) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      recorder.drain();
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }
  static pid_t start_build() {
    return start(
        [] { return execl("/bin/sh", "sh", "-c", (std::string(kBuild) + " >/dev/null").c_str(), nullptr) == 0; });
  }

  std::vector<Decision> decisions_;
  const Outcomes::Emit keep_ = [this](const Decision& d) { decisions_.push_back(d); };
};

// Every count by perf that encloses the collector's is not less, every one that lies within it is not more: but for a
// few. Perf leaves out what it meets while it is itself at work on that CPU (13 switches of 494 were seen beside another
// recorder); and BPF programs were seen not to run, nor
// to be counted as missed, in interrupts of some threads of a busy machine (6.18: half a percent of the wake-ups, up to
// a few moves; ftrace sees as many as perf; why is not known).
TEST_F(CollectKernelTest, CountsEveryEventThatPerfCounts) {
  const char* names[] = {"sched_switch", "sched_wakeup", "sched_wakeup_new", "sched_migrate_task"};
  std::vector<std::unique_ptr<TracepointCount>> perf;
  for (const char* name : names) perf.push_back(std::make_unique<TracepointCount>(name));
  auto read_perf = [&] {
    std::vector<uint64_t> values;
    for (const auto& count : perf) values.push_back(count->now());
    return values;
  };
  auto read_own = [](const Recorder& recorder) {
    const collect_counters c = recorder.counters();
    return std::vector<uint64_t>{c.switches, c.wakeups, c.new_tasks, c.moves};
  };
  Recorder recorder({}, keep_);
  const auto outer0 = read_perf(), own0 = read_own(recorder), inner0 = read_perf();
  ASSERT_TRUE(ended(recorder, start_build()));
  const auto inner1 = read_perf(), own1 = read_own(recorder), outer1 = read_perf();
  recorder.stop();
  for (size_t i = 0; i < std::size(names); ++i) {
    const uint64_t own = own1[i] - own0[i];
    std::printf("%s: %llu, perf %llu to %llu\n", names[i], static_cast<unsigned long long>(own),
                static_cast<unsigned long long>(inner1[i] - inner0[i]),
                static_cast<unsigned long long>(outer1[i] - outer0[i]));
    const uint64_t few = own / 20 + 5;
    EXPECT_GE(own + few, inner1[i] - inner0[i]) << names[i];
    EXPECT_LE(own, outer1[i] - outer0[i] + few) << names[i];
  }
  const collect_counters c = recorder.counters();
  EXPECT_EQ(c.decisions, decisions_.size() + c.lost_decisions);
}

class Ways : public CollectKernelTest, public testing::WithParamInterface<Without> {};

TEST_P(Ways, EveryDecisionIsConsistentWithItsOutcome) {
  RecorderOptions options;
  options.window = 200_ms;
  options.without = GetParam();
  Recorder recorder(options, keep_);
  ASSERT_TRUE(ended(recorder, start_build()));
  recorder.stop();
  for (const std::string& hook : recorder.about().hooks) std::printf("%s\n", hook.c_str());
  EXPECT_EQ(recorder.about().numbers["foreign_records"], 0);

  size_t forks = 0, wakes = 0, settled = 0, ran = 0;
  for (const Decision& d : decisions_) {
    SCOPED_TRACE(std::string(d.comm) + " at " + std::to_string(d.time.count()));
    EXPECT_NE(d.pid.value(), getpid()) << "it observes itself";
    EXPECT_GE(d.time, 0_ns);
    EXPECT_GE(d.run_delay, kNever);
    EXPECT_GE(d.ran, kNever);
    EXPECT_GE(d.next_move, kNever);
    EXPECT_LE(d.run_delay, options.window + 50_ms);
    EXPECT_NE(d.relation, Relation::kUnknown);
    EXPECT_GE(d.src_queue.nr_running, 0);
    EXPECT_GE(d.dst_queue.nr_running, 0);
    EXPECT_GT(d.weight, 0);
    if (d.trigger < Trigger::kBalanceBusy) {
      EXPECT_EQ(d.result != 0, d.src != d.dst);
    }
    EXPECT_EQ(d.run_delay == kNever, !d.ran_cpu.valid());
    EXPECT_EQ(d.next_move == kNever, !d.next_cpu.valid());
    if (d.stop != Stop::kNotSeen) {
      EXPECT_NE(d.ran, kNever);
    }
    // A placed task runs where it was put, unless it was moved before.
    if (!d.uncertain && !d.running && d.trigger < Trigger::kBalanceBusy && d.ran_cpu.valid() && d.ran_cpu != d.dst) {
      EXPECT_NE(d.next_move, kNever);
      EXPECT_LE(d.next_move, d.run_delay);
    }
    if (d.trigger == Trigger::kFork) ++forks;
    if (d.trigger == Trigger::kWake || d.trigger == Trigger::kWakeSync) {
      ++wakes;
      if (!d.cut_short && !d.uncertain) ++settled, ran += d.run_delay != kNever;
    }
  }
  EXPECT_GE(forks, 24) << "a compiler and an assembler for each of twelve files, at least";
  EXPECT_GE(wakes, 24);
  EXPECT_GE(ran * 100, settled * 95) << "who is woken runs before long";
}

INSTANTIATE_TEST_SUITE_P(
    Kernel, Ways, testing::Values(Without{}, Without{.fexit = true}, Without{.fexit = true, .kprobe = true}),
    [](const auto& way) {
      return std::string(!way.param.fexit ? "BestHooks" : !way.param.kprobe ? "WithoutFexit" : "TracepointsOnly");
    });

// The kernel itself counts how often a process gave up its CPU: that often it was woken, but for those wake-ups that
// came while it was still on its way to sleep.
TEST_F(CollectKernelTest, EverySleepOfATaskHasItsWakeUp) {
  constexpr int kSleeps = 200;
  int told[2];
  ASSERT_EQ(pipe(told), 0);
  Recorder recorder({}, keep_);
  const pid_t child = start([&] {
    for (int i = 0; i < kSleeps; ++i) usleep(1000);
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return write(told[1], &usage.ru_nvcsw, sizeof(usage.ru_nvcsw)) == sizeof(usage.ru_nvcsw);
  });
  ASSERT_TRUE(ended(recorder, child));
  recorder.stop();
  long sleeps = 0;
  ASSERT_EQ(read(told[0], &sleeps, sizeof(sleeps)), ssize_t{sizeof(sleeps)});
  close(told[0]), close(told[1]);
  long wakes = 0, forks = 0;
  for (const Decision& d : decisions_) {
    if (d.pid.value() != child) continue;
    if (d.trigger == Trigger::kFork) ++forks;
    if (d.trigger == Trigger::kWake || d.trigger == Trigger::kWakeSync) {
      ++wakes;
      if (wakes > 1) {
        EXPECT_EQ(d.last_stop, Stop::kSlept);
        EXPECT_GT(d.since_run, 100_us);
      }
    }
  }
  std::printf("%ld sleeps, %ld wake-ups seen\n", sleeps, wakes);
  EXPECT_EQ(forks, 1);
  EXPECT_GE(sleeps, kSleeps);
  EXPECT_LE(wakes, sleeps + 1);
  EXPECT_GE(wakes + static_cast<long>(Recorder::lost(recorder.counters())), sleeps * 95 / 100);
}

TEST_F(CollectKernelTest, ASampleHasAllDecisionsOfItsTasks) {
  RecorderOptions options;
  options.sample = 3;
  Recorder recorder(options, keep_);
  std::vector<pid_t> children;
  for (int i = 0; i < 30; ++i) {
    children.push_back(start([] {
      for (int n = 0; n < 10; ++n) usleep(1000);
      return true;
    }));
  }
  for (pid_t child : children) ASSERT_TRUE(ended(recorder, child));
  recorder.stop();
  std::map<int32_t, int> wakes;
  for (const Decision& d : decisions_) wakes[d.pid.value()] += d.trigger == Trigger::kWake;
  int seen = 0;
  for (pid_t child : children) {
    if (!wakes.contains(child)) continue;
    ++seen;
    EXPECT_GE(wakes[child], 8);
  }
  EXPECT_GT(seen, 0);
  EXPECT_LT(seen, 30);
}

int own_programs() {
  int count = 0;
  for (uint32_t id = 0; bpf_prog_get_next_id(id, &id) == 0;) {
    const int file = bpf_prog_get_fd_by_id(id);
    if (file < 0) continue;
    bpf_prog_info info{};
    uint32_t size = sizeof(info);
    if (bpf_prog_get_info_by_fd(file, &info, &size) == 0) count += std::strcmp(info.name, "new_task_wakeup") == 0;
    close(file);
  }
  return count;
}

TEST_F(CollectKernelTest, NothingStaysAttached) {
  auto settles_at = [](int expected) {
    for (int i = 0; i < 250 && own_programs() != expected; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    return own_programs() == expected;
  };
  ASSERT_TRUE(settles_at(0)) << "another collector runs";
  {
    Recorder recorder({}, keep_);
    EXPECT_EQ(own_programs(), 1);
  }
  EXPECT_TRUE(settles_at(0));
  // Nor when the recorder dies.
  const pid_t child = start([&] {
    Recorder recorder({}, keep_);
    raise(SIGKILL);
    return false;
  });
  waitpid(child, nullptr, 0);
  EXPECT_TRUE(settles_at(0));
}

// ---- the command ----

int command(const std::string& line) {
  const int status = std::system((std::string(SIMSCHED_COLLECT) + " " + line + " 2>/dev/null").c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST_F(CollectKernelTest, TheCommandWritesAFileThatItCanRead) {
  const std::string path = testing::TempDir() + "collect" + std::to_string(getpid());
  EXPECT_EQ(command("-o " + path + " -- sh -c 'for i in 1 2 3; do /bin/true; done; exit 3'"), 3);
  EXPECT_EQ(command("--csv " + path + " | grep -q '\"sh\"'"), 0);
  EXPECT_EQ(command("--about " + path + " >/dev/null"), 0);
  EXPECT_EQ(unlink(path.c_str()), 0);
  EXPECT_EQ(command("-o " + path + " --for 1"), 0);
  EXPECT_EQ(unlink(path.c_str()), 0);
  // Ctrl-C, and a file all the same.
  const std::string interrupt = SIMSCHED_COLLECT " -o " + path + " 2>/dev/null & while ! ls " + path +
                                ".?????? > /dev/null 2>&1; do sleep 0.05; done; kill -INT $!; wait $!";
  EXPECT_EQ(std::system(interrupt.c_str()), 0);
  EXPECT_EQ(command("--about " + path + " >/dev/null"), 0);
  EXPECT_EQ(unlink(path.c_str()), 0);
}

TEST_F(CollectKernelTest, TheCommandRefusesWithOneLineAndLeavesNothing) {
  const std::string path = testing::TempDir() + "collect" + std::to_string(getpid());
  EXPECT_EQ(command("-o " + path + " -- /no/such/command"), 2);
  EXPECT_NE(std::system(("ls " + path + ".?????? > /dev/null 2>&1").c_str()), 0);
  EXPECT_NE(access(path.c_str(), F_OK), 0);
  EXPECT_EQ(command("-o /no/such/folder/file --for 1"), 2);
  EXPECT_EQ(command("--for 1"), 2);
  EXPECT_EQ(command("--csv /etc/passwd"), 2);
  EXPECT_EQ(command("-o " + path + " --sample 0"), 2);
}

TEST_F(CollectKernelTest, TheCommandNeedsTwoCapabilitiesAndNoMore) {
  const std::string path = testing::TempDir() + "collect" + std::to_string(getpid());
  auto with = [&](const std::string& capabilities) {
    return std::system(("setpriv --inh-caps " + capabilities + " --bounding-set " + capabilities + " " +
                        SIMSCHED_COLLECT + " -o " + path + " --for 1 2>/dev/null")
                           .c_str());
  };
  EXPECT_EQ(with("-all,+bpf,+perfmon"), 0);
  EXPECT_EQ(unlink(path.c_str()), 0);
  EXPECT_EQ(WEXITSTATUS(with("-all")), 2);
}

}  // namespace
}  // namespace simsched::collect

#include "scx_port/host/bpf_ops.h"

#include <gmock/gmock.h>

#include "scx_port/host/testing/simulation.h"

namespace simsched::bpf {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::kA;
using testing::kB;
using testing::kGrouped;
using testing::kWorker;
using testing::Simulation;

std::shared_ptr<const BpfObject> recorder() {
  static const auto object = testing::compile("record", testing::read_source("record.bpf.c"));
  return object;
}

struct Record {
  char op[16];
  int64_t a, b, c;
};

// "select_cpu 1000 3 8" for each callback since the last time.
std::vector<std::string> records(Simulation& host) {
  uint32_t count = host.variable<uint32_t>("nr_records");
  std::vector<std::string> lines;
  for (uint32_t i = 0; i < count && i < 64; ++i) {
    Record r = host.variable<Record>("records", i);
    lines.push_back(std::string(r.op) + " " + std::to_string(r.a) + " " + std::to_string(r.b) + " " +
                    std::to_string(r.c));
  }
  host.set<uint32_t>("nr_records", 0);
  return lines;
}

struct Recorder : ::testing::Test {
  Recorder() : host(recorder()) {
    loaded = records(host);
    for (TaskId task : {kA, kB, kWorker, kGrouped}) {
      host.ops->adopt_task(task);
      fields.push_back(host.ops->fields_of(task));
    }
  }
  Simulation host;
  std::vector<std::string> loaded;
  std::vector<ext::TaskFields> fields;
  BpfOps& ops = *host.ops;
};

TEST_F(Recorder, TableIsReadFromTheObject) {
  const ext::OpsInfo& info = ops.info();
  EXPECT_EQ(info.name, "recorder");
  EXPECT_EQ(info.flags, ext::kOpsEnqLast | ext::kOpsKeepBuiltinIdle);
  EXPECT_EQ(info.dispatch_max_batch, 8u);
  EXPECT_EQ(info.timeout, Nanos(5'000'000'000));
  EXPECT_EQ(info.hotplug_seq, 0u);
  EXPECT_TRUE(info.has(ext::Op::kInit));
  EXPECT_TRUE(info.has(ext::Op::kCgroupSetWeight));
  EXPECT_FALSE(info.has(ext::Op::kCgroupMove));
  EXPECT_TRUE(ops.wants_sched_switch());
}

TEST_F(Recorder, EveryCallbackGetsItsArguments) {
  ops.select_cpu(kA, CpuId(3), ext::kWakeTtwu);
  ops.enqueue(kB, ext::kEnqWakeup | ext::kEnqLast);
  ops.dequeue(kA, ext::kDeqSleep);
  ops.dispatch(CpuId(2), kA);
  ops.dispatch(CpuId(1), {});
  ops.tick(kA);
  ops.runnable(kA, 1);
  ops.running(kA);
  ops.stopping(kA, true);
  ops.quiescent(kA, 1);
  ops.set_weight(kB, 35);
  ops.update_idle(CpuId(3), true);
  ops.cpu_acquire(CpuId(1));
  ops.cpu_release(CpuId(1), 2, {});
  ops.cpu_release(CpuId(1), 0, kB);
  ops.cpu_online(CpuId(2));
  ops.cpu_offline(CpuId(2));
  ops.exit_task(kA, true);
  ops.enable(kA);
  ops.disable(kA);
  ops.sched_switch(CpuId(2), kA, {});
  EXPECT_THAT(
      records(host),
      ElementsAre("select_cpu 1000 3 8", "enqueue 1001 2199023255553 0", "dequeue 1000 1 0", "dispatch 2 1000 0",
                  "dispatch 1 -1 0", "tick 1000 0 0", "runnable 1000 1 0", "running 1000 0 0", "stopping 1000 1 0",
                  "quiescent 1000 1 0", "set_weight 1001 35 0", "update_idle 3 1 0", "cpu_acquire 1 1 0",
                  "cpu_release 1 2 0", "cpu_release 1 0 1001", "cpu_online 2 0 0", "cpu_offline 2 0 0",
                  "exit_task 1000 1 0", "enable 1000 0 0", "disable 1000 0 0", "switch 1000 0 1"));
  EXPECT_EQ(host.fault(), "");
}

TEST_F(Recorder, AnswersAreCutToTheirTypes) {
  host.set<int32_t>("answer", -1);
  EXPECT_EQ(ops.select_cpu(kA, CpuId(0), 0), -1);
  EXPECT_EQ(ops.init(), -1);
  host.set<int32_t>("answer", 2);
  EXPECT_EQ(ops.select_cpu(kA, CpuId(0), 0), 2);
  EXPECT_TRUE(ops.yield(kA, {}));
  EXPECT_TRUE(ops.yield(kA, kB));
  host.set<int32_t>("answer", 0);
  EXPECT_FALSE(ops.yield(kA, kB));
  EXPECT_EQ(ops.cgroup_init(GroupId(1), 300), 0);
  EXPECT_EQ(ops.init_task(kGrouped, true), 0);
  ops.cgroup_set_weight(GroupId(1), 50);
  ops.cgroup_exit(GroupId(0));
  auto all = records(host);
  EXPECT_THAT(std::vector(all.begin() + 3, all.end()),
              ElementsAre("yield 1000 -1 0", "yield 1000 1001 0", "yield 1000 1001 0", "cgroup_init 2 300 1",
                          "init_task 1003 1 2", "cgroup_weight 2 50 0", "cgroup_exit 1 0 0"));
}

TEST_F(Recorder, SetCpumaskPassesTheTasksOwnMaskWhenItIs) {
  ops.set_cpumask(kB, host.engine->allowed(kB));
  ops.set_cpumask(kB, CpuSet::parse("0,3"));
  EXPECT_THAT(records(host), ElementsAre("set_cpumask 1001 6 1", "set_cpumask 1001 9 0"));
}

TEST_F(Recorder, TaskStructSaysWhatTheEngineKnows) {
  ops.enqueue(kB, 0);
  EXPECT_EQ(host.text("comm"), "b");
  EXPECT_EQ(host.variable<int32_t>("pid"), 1001);
  EXPECT_EQ(host.variable<int32_t>("leader_pid"), 1001);
  EXPECT_EQ(host.variable<int32_t>("parent_pid"), 1000);
  EXPECT_EQ(host.variable<int32_t>("static_prio"), 125);
  EXPECT_EQ(host.variable<int32_t>("nr_cpus_allowed"), 2);
  EXPECT_EQ(host.variable("mask"), 6u);
  EXPECT_EQ(host.variable("has_mm"), 1u);
  EXPECT_EQ(host.variable<int32_t>("cpu"), host.engine->task_cpu(kB).value());
  EXPECT_EQ(host.variable<uint32_t>("flags"), 0u);
  EXPECT_EQ(host.variable<uint32_t>("weight"), 100u);
  EXPECT_EQ(host.variable("cgroup_id"), 1u);

  ops.enqueue(kWorker, 0);
  EXPECT_EQ(host.text("comm"), "kworker/2:0");
  EXPECT_EQ(host.variable<int32_t>("parent_pid"), 2) << "kthreadd";
  EXPECT_EQ(host.variable<uint32_t>("flags"), 0x200000u | 0x4000000u | 0x20u);
  EXPECT_EQ(host.variable("has_mm"), 0u);
  EXPECT_EQ(host.variable("mask"), 4u);

  ops.enqueue(kGrouped, 0);
  EXPECT_EQ(host.variable("cgroup_id"), 2u);
  EXPECT_EQ(host.variable("group_id"), 2u);
  EXPECT_EQ(host.variable<int32_t>("parent_pid"), 1) << "init";
}

TEST_F(Recorder, FieldsAreTheTaskStructs) {
  *fields[1].weight = 77;
  ops.enqueue(kB, 0);
  EXPECT_EQ(host.variable<uint32_t>("weight"), 77u);
  ops.running(kA);
  EXPECT_EQ(*fields[0].slice, 1234u);
  EXPECT_EQ(*fields[0].dsq_vtime, 5678u);
  EXPECT_EQ(*fields[1].slice, 0u);
}

TEST_F(Recorder, SwitchesAreCounted) {
  ops.stopping(kA, true);
  ops.stopping(kA, false);
  ops.stopping(kA, false);
  ops.enqueue(kA, 0);
  EXPECT_EQ(host.variable("nvcsw"), 2u);
  EXPECT_EQ(host.variable("nivcsw"), 1u);
}

TEST_F(Recorder, OrphansGoToInit) {
  ops.drop_task(kA);
  ops.enqueue(kB, 0);
  EXPECT_EQ(host.variable<int32_t>("parent_pid"), 1);
  EXPECT_EQ(host.fault(), "");
}

TEST_F(Recorder, ExitTellsWhy) {
  ops.exit({ext::ExitKind::kErrorStall, 5, "runnable task stall", "a[1000] failed to run for 30.000s", "dump"});
  EXPECT_THAT(records(host), ElementsAre("exit 1026 5 0"));
  EXPECT_EQ(host.text("reason"), "runnable task stall");
  EXPECT_EQ(host.text("message"), "a[1000] failed to run for 30.000s");
  EXPECT_EQ(host.variable<int32_t>("uei"), 1026) << "user_exit_info begins with the kind";
}

TEST_F(Recorder, DumpIsCollected) { EXPECT_EQ(ops.dump(), "at 1000000000000\ncpu 0 1\ncpu 1 1\ncpu 2 1\ncpu 3 1\n"); }

TEST_F(Recorder, AFaultEndsIt) {
  EXPECT_FALSE(ops.faulted(nullptr, nullptr));
  ops.vm().refuse("is passed nonsense");
  EXPECT_THAT(host.fault(), HasSubstr("43 "));
  EXPECT_THAT(host.fault(), HasSubstr("is passed nonsense"));
  EXPECT_EQ(ops.select_cpu(kA, CpuId(0), 0), 0) << "nothing runs any more";
}

const char kHead[] = "#include <scx/common.bpf.h>\nchar _license[] SEC(\"license\") = \"GPL\";\n";

std::string error_of(const std::string& name, const std::string& source) {
  try {
    BpfOps ops(testing::compile(name, kHead + source));
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(BpfOpsTable, RefusesWhatTheKernelRefuses) {
  EXPECT_THAT(error_of("none", "int x;\nSEC(\"syscall\") int f(void *c) { return x; }\n"),
              HasSubstr("is not a sched_ext scheduler"));
  EXPECT_THAT(error_of("nameless",
                       "void BPF_STRUCT_OPS(f, struct task_struct *p, u64 e) {}\n"
                       "SCX_OPS_DEFINE(o, .enqueue = (void *)f);\n"),
              HasSubstr("'o' has no name"));
  EXPECT_THAT(error_of("bad_name",
                       "void BPF_STRUCT_OPS(f, struct task_struct *p, u64 e) {}\n"
                       "SCX_OPS_DEFINE(o, .enqueue = (void *)f, .name = \"a b\");\n"),
              HasSubstr("no scheduler of the name 'a b'"));
  EXPECT_THAT(error_of("two",
                       "void BPF_STRUCT_OPS(f, struct task_struct *p, u64 e) {}\n"
                       "SCX_OPS_DEFINE(o, .enqueue = (void *)f, .name = \"a\");\n"
                       "SCX_OPS_DEFINE(q, .enqueue = (void *)f, .name = \"b\");\n"),
              HasSubstr("has two schedulers"));
}

// A user-space half that counts.
struct Half : UserHalf {
  void assign(const UserHalf& other) override { *this = static_cast<const Half&>(other); }
  void before_start(UserHost& host) override { host.variable("remember_pid")[0] = std::byte{7}; }
  void after_start(UserHost& host) override { started = host.now(); }
  Nanos next(Nanos now) const override { return now + Nanos(1'000'000); }
  void run(UserHost& host) override {
    ++runs;
    EXPECT_EQ(host.cpu_use().size(), host.machine().nr_cpus());
    EXPECT_THROW(host.variable("remember_pit"), Error);
  }
  std::vector<std::pair<std::string, int64_t>> counters(UserHost&) override { return {{"runs", runs}}; }
  Nanos started = Nanos(-1);
  int64_t runs = 0;
};

TEST(BpfOps, DrivesTheUserSpaceHalf) {
  auto owned = std::make_unique<Half>();
  Half& half = *owned;
  Simulation host(testing::compile("half", testing::read_source("commands.bpf.c")), {}, std::move(owned));
  EXPECT_EQ(host.variable<int32_t>("remember_pid"), 7) << "before_start() set it";
  host.engine->run();
  EXPECT_EQ(half.started, ext::ExtClass::kUptime);
  EXPECT_GT(half.runs, 5);
  EXPECT_THAT(host.ops->counters(), ElementsAre(std::pair<std::string, int64_t>("runs", half.runs)));
}

TEST(BpfOps, OptionsAreSetBeforeTheStartAndHaveTheLastWord) {
  Simulation host(testing::compile("half", testing::read_source("commands.bpf.c")), {{"remember_pid", "3"}},
                  std::make_unique<Half>());
  EXPECT_EQ(host.variable<int32_t>("remember_pid"), 3);
}

TEST(BpfOps, LoadingCallsInitAndTheGroups) {
  Simulation host(recorder());
  EXPECT_THAT(records(host), ElementsAre("init 0 0 0", "cgroup_init 1 100 0", "cgroup_init 2 100 1"));
}

}  // namespace
}  // namespace simsched::bpf

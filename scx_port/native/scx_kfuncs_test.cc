#include "scx_port/native/scx_kfuncs.h"

#include <gmock/gmock.h>

#include "scx_port/native/testing.h"

namespace simsched::native {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::kA;
using testing::kB;
using testing::kGrouped;
using testing::kWorker;

std::shared_ptr<const BpfObject> commands() {
  static const auto object = testing::compile("commands", testing::read_source("testdata/commands.bpf.c"));
  return object;
}

struct Kfuncs : ::testing::Test {
  Kfuncs() : host(commands()) {
    for (TaskId task : {kA, kB, kWorker, kGrouped}) host.ops->adopt_task(task);
  }
  // Has init() do what the enumerator says, with `in`, on the task at `target`.
  void run(const std::string& command, std::vector<int64_t> in = {}, TaskId task = kB) {
    run_on(host.ops->objects().task(task), command, in);
  }
  void run_on(uint64_t target, const std::string& command, const std::vector<int64_t>& in = {}) {
    prepare(target, command, in);
    host.ops->init();
  }
  void prepare(uint64_t target, const std::string& command, const std::vector<int64_t>& in = {}) {
    auto value = commands()->btf.enum_value(command);
    ASSERT_TRUE(value) << command;
    host.fake->log.clear();
    host.set("target", target);
    host.set("command", static_cast<uint32_t>(*value));
    auto bytes = host.ops->vm().variable("in");
    std::memset(bytes.data(), 0, bytes.size());
    std::memcpy(bytes.data(), in.data(), in.size() * sizeof(int64_t));
    bytes = host.ops->vm().variable("out");
    std::memset(bytes.data(), 0xee, bytes.size());
  }
  int64_t out(size_t i = 0) { return host.variable<int64_t>("out", i); }
  std::vector<int64_t> outs(size_t count) {
    std::vector<int64_t> all;
    for (size_t i = 0; i < count; ++i) all.push_back(out(i));
    return all;
  }
  testing::Host host;
};

TEST_F(Kfuncs, Inserting) {
  run("INSERT", {5, 20000, 1});
  EXPECT_THAT(host.fake->log, ElementsAre("dsq_insert 1 0x5 20000 0x1"));
  EXPECT_EQ(out(), 1);
  run("INSERT_VTIME", {6, 30000, 77, 0});
  EXPECT_THAT(host.fake->log, ElementsAre("dsq_insert_vtime 1 0x6 30000 77 0x0"));
  run("INSERT_OLD", {5, 1, 2, 3});
  EXPECT_THAT(host.fake->log, ElementsAre("dsq_insert 1 0x5 1 0x2", "dsq_insert_vtime 1 0x5 1 2 0x3",
                                          "dsq_move_to_local 0x5 0x0"));
  run("MOVE_TO_LOCAL", {9, 1 << 16});
  EXPECT_THAT(host.fake->log, ElementsAre("dsq_move_to_local 0x9 0x10000"));
  run("SLOTS");
  EXPECT_EQ(out(), 7);
  run("CANCEL");
  EXPECT_THAT(host.fake->log, ElementsAre("dispatch_cancel"));
  EXPECT_EQ(host.fault(), "");
}

TEST_F(Kfuncs, Queues) {
  run("CREATE", {4, -1});
  EXPECT_EQ(out(), 0);
  EXPECT_THAT(host.fake->log, ElementsAre("create_dsq 4 -1"));
  run("CREATE", {4, -1});
  EXPECT_EQ(out(), -17);
  run("NR_QUEUED", {8});
  EXPECT_EQ(out(), -2);
  run("PEEK", {4});
  EXPECT_EQ(out(), -1);
  host.fake->queues[4] = {kB, kA};
  run("NR_QUEUED", {4});
  EXPECT_EQ(out(), 2);
  run("PEEK", {4});
  EXPECT_EQ(out(), 1001);
  run("DESTROY", {4});
  EXPECT_THAT(host.fake->log, ElementsAre("destroy_dsq 4"));
}

TEST_F(Kfuncs, Iterating) {
  host.fake->queues[4] = {kB, kA, kGrouped};
  run("ITERATE", {4});
  EXPECT_THAT(outs(4), ElementsAre(0, 1001, 1000, 1003));
  run("ITERATE_BACK", {4});
  EXPECT_THAT(outs(4), ElementsAre(0, 1003, 1000, 1001));
  run("ITERATE", {5});
  EXPECT_EQ(out(), -2);
  EXPECT_EQ(host.fake->live_iterators, 0u);
  run("MOVE", {4, 9, 1});
  EXPECT_THAT(host.fake->log, ElementsAre("dsq_move 4 1 0x9 0x1 111"));
  run("MOVE_VTIME", {4, 9, 1});
  EXPECT_THAT(host.fake->log, ElementsAre("dsq_move_vtime 4 1 0x9 0x1 222"));
  EXPECT_EQ(host.fault(), "");
}

TEST_F(Kfuncs, IteratorsThatAreNone) {
  run("ITERATE_FORGED");
  EXPECT_THAT(host.fault(), HasSubstr("bpf_iter_scx_dsq_next() is passed an iterator that was never begun"));
}

TEST_F(Kfuncs, IteratorsThatAreLeftOpen) {
  host.fake->queues[4] = {kB};
  run("ITERATE_FOREVER", {4});
  EXPECT_THAT(host.fault(), HasSubstr("too many iterators"));
}

TEST_F(Kfuncs, Reenqueue) {
  run("REENQ", {static_cast<int64_t>(ext::kDsqLocal)});
  EXPECT_THAT(host.fake->log, ElementsAre("reenqueue_local"));
  run("REENQ", {4});
  EXPECT_THAT(host.fault(), HasSubstr("scx_bpf_dsq_reenq() is called for a queue other than SCX_DSQ_LOCAL"));
}

TEST_F(Kfuncs, Cpus) {
  run("KICK", {3, 2});
  EXPECT_THAT(host.fake->log, ElementsAre("kick_cpu 3 0x2"));
  run("KICK", {4, 0});
  EXPECT_EQ(host.fake->error, "invalid CPU 4");
  EXPECT_TRUE(host.fake->log.empty());
  run("NUMBERS");
  EXPECT_THAT(outs(3), ElementsAre(4, 1, 0));
  run("CPUPERF", {2, 700});
  EXPECT_THAT(outs(2), ElementsAre(1024, 512));
  EXPECT_THAT(host.fake->log, ElementsAre("cpuperf_set 2 700"));
  run("CPUPERF", {2, 2000});
  EXPECT_THAT(host.fake->error, HasSubstr("cpuperf target 2000"));
  host.fake->answer = -16;
  run("PICK", {1, 0});
  EXPECT_THAT(outs(4), ElementsAre(-16, -16, -16, -16));
  EXPECT_THAT(host.fake->log, ElementsAre("pick_idle_cpu 1-2 1", "pick_any_cpu 1-2 1", "pick_idle_cpu_node 1-2 0 1",
                                          "pick_any_cpu_node 1-2 0 1"));
}

TEST_F(Kfuncs, IdleMasksAreCurrentWhileTheyAreOut) {
  host.fake->idle = CpuSet::parse("0,2-3");
  host.fake->idle_smt = CpuSet::parse("2-3");
  run("IDLE_MASK");
  EXPECT_THAT(outs(2), ElementsAre(13, 12));
  host.fake->answer = 2;
  run("SELECT_DFL", {1, 8});
  EXPECT_THAT(host.fake->log, ElementsAre("select_cpu_dfl 1 1 8"));
  EXPECT_THAT(outs(4), ElementsAre(2, 13, 9, 1));
  run("SELECT_AND", {1, 8, 1});
  EXPECT_THAT(host.fake->log, ElementsAre("select_cpu_and 1 1 8 1-2 1"));
  run("TEST_CLEAR", {3});
  EXPECT_EQ(out(), 1);
  run("TEST_CLEAR", {3});
  EXPECT_EQ(out(), 0);
  run("CPU_MASKS");
  EXPECT_THAT(outs(2), ElementsAre(15, 15));
  EXPECT_EQ(host.fault(), "");
}

TEST_F(Kfuncs, RunQueues) {
  run("CPU_RQ", {2});
  EXPECT_THAT(outs(5), ElementsAre(2, 0, 1, 0, 'm'));
  run("CPU_CURR", {1});
  EXPECT_EQ(out(), 0x200002) << "an idle task";
  run("CPU_RQ", {-1});
  EXPECT_EQ(host.fake->error, "invalid CPU -1");
  host.fake->error.clear();
  prepare(0, "LOCKED_RQ");
  host.ops->dispatch(CpuId(1), {});
  EXPECT_EQ(out(), 1);
  run("LOCKED_RQ");
  EXPECT_EQ(out(), 0);
  EXPECT_THAT(host.fake->error, HasSubstr("without holding rq lock"));
}

TEST_F(Kfuncs, Tasks) {
  run("TASK");
  EXPECT_THAT(outs(2), ElementsAre(0, host.engine->task_cpu(kB).value()));
  run_on(host.ops->objects().idle_task(CpuId(3)), "TASK");
  EXPECT_THAT(outs(2), ElementsAre(1, 3));
  run("SET_SLICE", {100, 200});
  EXPECT_THAT(host.fake->log, ElementsAre("task_set_slice 1 100", "task_set_dsq_vtime 1 200"));
  host.fake->events = {{"SELECT_CPU_FALLBACK", 3}, {"ENQ_SKIP_EXITING", 9}, {"OF_THE_FUTURE", 1}};
  run("EVENTS");
  EXPECT_EQ(out(), 9);
  run("TASK_ITER");
  EXPECT_THAT(outs(5), ElementsAre(0, 1000, 1001, 1002, 1003));
  run("CURRENT");
  EXPECT_THAT(outs(2), ElementsAre(0x200002, 0));
  run("NOW");
  EXPECT_EQ(out(), 0);
  EXPECT_EQ(host.fault(), "");
}

TEST_F(Kfuncs, Groups) {
  run("CGROUP", {}, kGrouped);
  EXPECT_THAT(outs(7), ElementsAre(2, 1, 1, 0, 1, 0, 1));
  run("CGROUP_ITER", {2});
  EXPECT_THAT(outs(3), ElementsAre(0, 1, 2));
  run("CGROUP_ITER", {3});
  EXPECT_THAT(outs(3), ElementsAre(0, 2, 1));
  run("CGROUP_ITER", {4});
  EXPECT_THAT(outs(2), ElementsAre(0, 1));
  run("CGROUP_ITER", {9});
  EXPECT_EQ(out(), -22);
  EXPECT_EQ(host.fault(), "");
}

TEST_F(Kfuncs, Words) {
  run("EXIT", {44});
  EXPECT_EQ(host.fake->exit, "bye 7 now");
  EXPECT_EQ(host.fake->exit_code, 44);
  run("ERROR");
  EXPECT_EQ(host.fake->error, "task b[1001]");
  run("BAD_FORMAT");
  EXPECT_EQ(host.fake->error, "format preparation failed");
  run("DUMP_ELSEWHERE");
  EXPECT_THAT(host.fake->error, HasSubstr("ops.dump()"));
}

TEST_F(Kfuncs, Timers) {
  run("TIMER", {5000});
  EXPECT_EQ(out(1), 0);
  ASSERT_EQ(host.fake->timers.size(), 1u);
  EXPECT_EQ(host.fake->timers.begin()->second, Nanos(5000));
  auto bytes = host.ops->vm().variable("out");
  std::memset(bytes.data(), 0, bytes.size());
  host.ops->timer(host.fake->timers.begin()->first);
  EXPECT_EQ(out(), 1);
}

// ---- lifetime ----

TEST_F(Kfuncs, ATaskThatHasExitedIsRefused) {
  uint64_t address = host.ops->objects().task(kB);
  host.ops->drop_task(kB);
  EXPECT_EQ(host.ops->objects().task(kB), 0u);
  run("FROM_PID", {1001}, kA);
  EXPECT_EQ(out(), -1);
  run_on(address, "INSERT", {5, 1, 0});
  EXPECT_THAT(host.fault(), HasSubstr("43 "));
  EXPECT_THAT(host.fault(), HasSubstr("scx_bpf_dsq_insert() is passed a task that has exited"));
  EXPECT_TRUE(host.fake->log.empty());
}

TEST_F(Kfuncs, ATaskThatHasExitedCannotBeRead) {
  uint64_t address = host.ops->objects().task(kB);
  host.ops->drop_task(kB);
  run_on(address, "READ_TARGET");
  EXPECT_THAT(host.fault(), HasSubstr("reads 4 bytes"));
}

TEST_F(Kfuncs, NoTaskAtAllIsRefused) {
  run_on(0, "INSERT", {5, 1, 0});
  EXPECT_THAT(host.fault(), HasSubstr("scx_bpf_dsq_insert() is passed a null task"));
}

TEST_F(Kfuncs, ForeignPointersAreRefused) {
  run_on(host.ops->objects().task(kB) + 64, "SET_SLICE", {5, 1, 0});
  EXPECT_THAT(host.fault(), HasSubstr("scx_bpf_task_set_slice() is passed 0xffff"));
  EXPECT_THAT(host.fault(), HasSubstr("which is no task"));
}

TEST_F(Kfuncs, AnIdleTaskCannotBeQueued) {
  run_on(host.ops->objects().idle_task(CpuId(0)), "INSERT", {5, 1, 0});
  EXPECT_THAT(host.fault(), HasSubstr("is passed an idle task"));
}

TEST_F(Kfuncs, AStopperCannotBeQueued) {
  run_on(host.ops->objects().task(TaskId(4)), "INSERT", {5, 1, 0});
  EXPECT_THAT(host.fault(), HasSubstr("is passed migration/0, which is above sched_ext"));
}

TEST_F(Kfuncs, AReferenceKeepsATaskReadable) {
  run("KEEP_TASK", {1001}, kA);
  host.ops->drop_task(kB);
  run("USE_KEPT", {}, kA);
  EXPECT_EQ(out(), 1001);
  EXPECT_EQ(host.fault(), "");
  run("DROP_KEPT", {}, kA);
  EXPECT_EQ(host.fault(), "");
  uint64_t address = host.variable("target");
  run_on(address, "READ_TARGET");
  EXPECT_THAT(host.fault(), HasSubstr("reads 4 bytes"));
}

TEST_F(Kfuncs, ReferencesAreCounted) {
  run("FROM_PID", {1001}, kA);
  EXPECT_EQ(out(), 1001);
  EXPECT_EQ(host.fault(), "");
  run("RELEASE_TWICE", {1001}, kA);
  EXPECT_THAT(host.fault(), HasSubstr("bpf_task_release() releases a task that it holds no reference to"));
}

TEST_F(Kfuncs, AnAddressIsUsedAgainLate) {
  uint64_t first = host.ops->objects().task(kB);
  for (int i = 0; i < 100; ++i) {
    host.ops->drop_task(kB);
    host.ops->adopt_task(kB);
    EXPECT_NE(host.ops->objects().task(kB), first);
  }
}

// ---- hostile policies ----

TEST_F(Kfuncs, MembersOfATaskCannotBeWritten) {
  run("WRITE_SLICE");
  EXPECT_EQ(host.fault(), "");
  run("WRITE_PID");
  EXPECT_THAT(host.fault(), HasSubstr("writes 4 bytes"));
}

TEST_F(Kfuncs, AnEndlessLoopEnds) {
  run("LOOP");
  EXPECT_THAT(host.fault(), HasSubstr("44 "));
  EXPECT_THAT(host.fault(), HasSubstr("does not return"));
}

TEST_F(Kfuncs, BadMasksAreRefused) {
  run("NULL_MASK");
  EXPECT_THAT(host.fault(), HasSubstr("scx_bpf_pick_idle_cpu() is passed a null cpumask"));
}

TEST_F(Kfuncs, WildMasksAreRefused) {
  run("WILD_MASK", {0x1234560});
  EXPECT_THAT(host.fault(), HasSubstr("scx_bpf_pick_idle_cpu() is passed a pointer that is no cpumask"));
}

}  // namespace
}  // namespace simsched::native

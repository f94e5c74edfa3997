#include "scx_port/host/scx_kfuncs.h"

#include <gmock/gmock.h>

#include "scx_port/host/testing/simulation.h"

namespace simsched::bpf {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::Simulation;

std::shared_ptr<const BpfObject> commands() {
  static const auto object = testing::compile("commands", testing::read_source("commands.bpf.c"));
  return object;
}

// One callback of a small simulation does what `command` says.
struct Outcome {
  std::vector<int64_t> out;
  bool done = false;
  std::string error;  // why the scheduler was thrown out
  ext::ExitInfo exit;
  std::string fault;  // of the policy's own
  size_t exited = 0;  // tasks: all four, however the scheduler ends
};

Outcome run(const std::string& command, const std::string& where, const std::string& in = "[]",
            Simulation::Variables more = {}) {
  more.insert(more.begin(), {{"command", command}, {"where", where}, {"in", in}});
  Simulation host(commands(), more);
  host.engine->run();
  Outcome outcome;
  for (size_t i = 0; i < 16; ++i) outcome.out.push_back(host.variable<int64_t>("out", i));
  outcome.done = host.variable<uint32_t>("done") != 0;
  outcome.exit = host.ext->exit_info();
  outcome.error = outcome.exit.message;
  outcome.fault = host.fault();
  outcome.exited = static_cast<size_t>(host.engine->result().metric("tasks_exited"));
  EXPECT_EQ(outcome.exited, 4u);
  return outcome;
}

std::vector<int64_t> outs(const Outcome& outcome, size_t count) {
  return {outcome.out.begin(), outcome.out.begin() + static_cast<std::ptrdiff_t>(count)};
}

// It worked: it was done and the scheduler lived to the end.
#define EXPECT_FINE(outcome)      \
  EXPECT_TRUE((outcome).done);    \
  EXPECT_EQ((outcome).error, ""); \
  EXPECT_EQ((outcome).fault, "")

const char kGlobal[] = "-9223372036854775807";  // SCX_DSQ_GLOBAL as the signed number that it is in `in`

TEST(Kfuncs, InsertUnderAllNames) {
  Outcome o = run("INSERT", "ENQUEUE", std::string("[") + kGlobal + ", 500000, 0]");
  EXPECT_FINE(o);
  EXPECT_EQ(o.out[0], 1);
  o = run("INSERT_VTIME", "ENQUEUE", "[7, 500000, 1234, 0, 0, 7]");
  EXPECT_FINE(o);
  EXPECT_EQ(o.out[0], 1);
  o = run("INSERT", "ENQUEUE", "[12345, 500000, 0]");
  EXPECT_THAT(o.error, HasSubstr("non-existent DSQ 0x3039"));
  EXPECT_EQ(o.exit.kind, ext::ExitKind::kError);
}

TEST(Kfuncs, WhereTheyMayBeCalled) {
  EXPECT_THAT(run("MOVE_TO_LOCAL", "RUNNING", "[7, 0, 0, 0, 0, 7]").error, HasSubstr("kfunc with mask"));
  Outcome o = run("MOVE_TO_LOCAL", "DISPATCH", "[7, 0, 0, 0, 0, 7]");
  EXPECT_FINE(o);
  o = run("SLOTS", "DISPATCH");
  EXPECT_FINE(o);
  EXPECT_EQ(o.out[0], 32);
}

// The kernel's sets of kfuncs: scx_kfunc_ids_* at the end of kernel/sched/ext.c, 7.1. What is in scx_kfunc_ids_any and
// has no check of its own may be called from anywhere.
TEST(Kfuncs, FromWhereEachMayBeCalled) {
  enum : uint32_t { kInit = 1, kSelect = 2, kEnqueue = 4, kDispatch = 8, kRunning = 16, kAny = 31 };
  static constexpr std::pair<const char*, uint32_t> kWhere[] = {
      {"INIT", kInit}, {"SELECT", kSelect}, {"ENQUEUE", kEnqueue}, {"DISPATCH", kDispatch}, {"RUNNING", kRunning}};
  struct Row {
    const char *command, *in;
    uint32_t allowed;
  };
  static constexpr Row kRows[] = {
      {"INSERT", "[7, 1000, 0, 0, 0, 7]", kSelect | kEnqueue | kDispatch},
      {"INSERT_VTIME", "[7, 1000, 5, 0, 0, 7]", kSelect | kEnqueue | kDispatch},
      {"MOVE_TO_LOCAL", "[7, 0, 0, 0, 0, 7]", kDispatch},
      {"SLOTS", "[]", kDispatch},
      {"CREATE", "[4, -1]", kInit},
      {"SELECT_DFL", "[1, 8]", kInit | kSelect},  // 6.12: enqueue() may from 6.16 on
      {"SELECT_AND", "[1, 8, 0]", kInit | kSelect | kEnqueue},
      {"LOCKED_RQ", "[]", kEnqueue | kDispatch | kRunning},
      {"CPUPERF", "[2, 700]", kInit | kSelect},  // of a CPU whose run queue is not locked
      {"DESTROY", "[8]", kAny},
      {"NR_QUEUED", "[8]", kAny},
      {"PEEK", "[7, 0, 0, 0, 0, 7]", kAny},
      {"ITERATE", "[7, 0, 0, 0, 0, 7]", kAny},
      {"KICK", "[3, 2]", kAny},
      {"PICK", "[0]", kAny},
      {"TEST_CLEAR", "[3]", kAny},
      {"IDLE_MASK", "[]", kAny},
      {"CPU_MASKS", "[]", kAny},
      {"NUMBERS", "[]", kAny},
      {"CPU_RQ", "[2]", kAny},
      {"CPU_CURR", "[1]", kAny},
      {"EVENTS", "[]", kAny},
      {"FROM_PID", "[1000]", kAny},
  };
  for (const Row& row : kRows) {
    for (const auto& [where, bit] : kWhere) {
      // No task to insert, and nothing to run on, in init().
      if (bit == kInit && std::string(row.command).starts_with("SELECT")) continue;
      if (bit == kInit && std::string(row.command).starts_with("INSERT")) continue;
      const Outcome o = run(row.command, where, row.in);
      EXPECT_TRUE(o.done) << row.command << " in " << where;
      const bool refused = o.error.starts_with("kfunc with mask") || o.error.starts_with("accessing rq without") ||
                           o.error.starts_with("Invalid target CPU");
      EXPECT_EQ(refused, (row.allowed & bit) == 0) << row.command << " in " << where << ": " << o.error;
    }
  }
}

TEST(Kfuncs, Queues) {
  Outcome o = run("CREATE", "INIT", "[4, -1]");
  EXPECT_FINE(o);
  EXPECT_EQ(o.out[0], 0);
  EXPECT_EQ(static_cast<int32_t>(run("CREATE", "INIT", "[7, -1, 0, 0, 0, 7]").out[0]), -17);
  EXPECT_EQ(static_cast<int32_t>(run("NR_QUEUED", "DISPATCH", "[8]").out[0]), -2);
  EXPECT_GE(run("NR_QUEUED", "DISPATCH", "[7, 0, 0, 0, 0, 7]").out[0], 1);
  EXPECT_FINE(run("DESTROY", "RUNNING", "[8]"));
  EXPECT_FINE(run("PEEK", "INIT", "[7, 0, 0, 0, 0, 7]"));
}

TEST(Kfuncs, Iterators) {
  Outcome o = run("ITERATE", "INIT", "[5]");
  EXPECT_FINE(o);
  EXPECT_EQ(static_cast<int32_t>(o.out[0]), -2);
  // The tasks that have come by the first dispatch(), both ways round.
  Outcome forth = run("ITERATE", "DISPATCH", "[7, 0, 0, 0, 0, 7]"),
          back = run("ITERATE_BACK", "DISPATCH", "[7, 0, 0, 0, 0, 7]");
  EXPECT_FINE(forth);
  EXPECT_FINE(back);
  size_t count = 0;
  while (forth.out[count + 1] != 0) ++count;
  ASSERT_GE(count, 2u);
  for (size_t i = 0; i < count; ++i) EXPECT_EQ(forth.out[1 + i], back.out[count - i]);
  o = run("MOVE", "DISPATCH", "[7, -9223372036854775806, 0, 0, 0, 7]");  // to SCX_DSQ_LOCAL
  EXPECT_FINE(o);
  EXPECT_EQ(o.out[0], 1);
  o = run("ITERATE_FORGED", "DISPATCH");
  EXPECT_THAT(o.fault, HasSubstr("bpf_iter_scx_dsq_next() is passed an iterator that was never begun"));
  o = run("ITERATE_FOREVER", "DISPATCH", "[7, 0, 0, 0, 0, 7]");
  EXPECT_THAT(o.fault, HasSubstr("too many iterators"));
}

TEST(Kfuncs, Reenqueue) {
  EXPECT_FINE(run("REENQ", "DISPATCH", "[-9223372036854775806]"));
  EXPECT_THAT(run("REENQ", "DISPATCH", "[4]").fault, HasSubstr("for a queue other than SCX_DSQ_LOCAL"));
}

TEST(Kfuncs, Cpus) {
  EXPECT_FINE(run("KICK", "RUNNING", "[3, 2]"));
  EXPECT_THAT(run("KICK", "RUNNING", "[4, 0]").error, HasSubstr("invalid CPU 4"));
  Outcome o = run("NUMBERS", "INIT");
  EXPECT_FINE(o);
  EXPECT_THAT(outs(o, 3), ElementsAre(4, 1, 0));
  o = run("CPUPERF", "SELECT", "[2, 700]");
  EXPECT_FINE(o);
  EXPECT_THAT(outs(o, 2), ElementsAre(1024, 1024));
  EXPECT_THAT(run("CPUPERF", "RUNNING", "[2, 2000]").error, HasSubstr("cpuperf target 2000"));
  o = run("CPU_MASKS", "RUNNING");
  EXPECT_THAT(outs(o, 2), ElementsAre(15, 15));
}

TEST(Kfuncs, IdleMasksAreCurrentWhileTheyAreOut) {
  Outcome o = run("IDLE_MASK", "INIT");
  EXPECT_FINE(o);
  EXPECT_THAT(outs(o, 2), ElementsAre(15, 15));
  o = run("SELECT_DFL", "SELECT", "[1, 8]", {{"only_pid", "1001"}});
  EXPECT_FINE(o);
  EXPECT_EQ(o.out[3], 1) << "idle";
  EXPECT_EQ(o.out[2], o.out[1] & ~(1 << o.out[0])) << "what was claimed is gone";
  o = run("SELECT_AND", "SELECT", "[1, 8, 0]", {{"only_pid", "1001"}});
  EXPECT_FINE(o);
  EXPECT_TRUE(o.out[0] == 1 || o.out[0] == 2);
  o = run("TEST_CLEAR", "INIT", "[3]");
  EXPECT_EQ(o.out[0], 1);
}

TEST(Kfuncs, RunQueues) {
  Outcome o = run("CPU_RQ", "INIT", "[2]");
  EXPECT_FINE(o);
  EXPECT_THAT(outs(o, 5), ElementsAre(2, 0, 1, 0, 'm'));
  o = run("CPU_CURR", "INIT", "[1]");
  EXPECT_EQ(o.out[0], 0x200002) << "an idle task";
  EXPECT_THAT(run("CPU_RQ", "RUNNING", "[-1]").error, HasSubstr("invalid CPU -1"));
  EXPECT_EQ(run("LOCKED_RQ", "DISPATCH").out[0], 1);
  EXPECT_THAT(run("LOCKED_RQ", "SELECT").error, HasSubstr("without holding rq lock"));
}

TEST(Kfuncs, Tasks) {
  Outcome o = run("TASK", "RUNNING", "[]", {{"only_pid", "1002"}});
  EXPECT_FINE(o);
  EXPECT_EQ(o.out[1], 2) << "the kworker is bound to CPU 2";
  EXPECT_FINE(run("SET_SLICE", "RUNNING", "[5000000, 200]"));
  EXPECT_FINE(run("EVENTS", "RUNNING"));
  o = run("TASK_ITER", "RUNNING", "[]", {{"only_pid", "1001"}});
  EXPECT_FINE(o);
  EXPECT_THAT(outs(o, 3), ElementsAre(0, 1000, 1001));
  o = run("CURRENT", "INIT");
  EXPECT_EQ(o.out[0], 0x200002) << "an idle task";
  o = run("FROM_PID", "RUNNING", "[1000]");
  EXPECT_FINE(o);
  EXPECT_EQ(o.out[0], 1000);
  EXPECT_EQ(run("FROM_PID", "RUNNING", "[5]").out[0], -1);
}

TEST(Kfuncs, Groups) {
  Outcome o = run("CGROUP", "RUNNING", "[]", {{"only_pid", "1003"}});
  EXPECT_FINE(o);
  EXPECT_THAT(outs(o, 7), ElementsAre(2, 1, 1, 0, 1, 0, 1));
  EXPECT_THAT(outs(run("CGROUP_ITER", "INIT", "[2]"), 3), ElementsAre(0, 1, 2));
  EXPECT_THAT(outs(run("CGROUP_ITER", "INIT", "[3]"), 3), ElementsAre(0, 2, 1));
  EXPECT_THAT(outs(run("CGROUP_ITER", "INIT", "[4]"), 2), ElementsAre(0, 1));
  EXPECT_EQ(static_cast<int32_t>(run("CGROUP_ITER", "INIT", "[9]").out[0]), -22);
}

TEST(Kfuncs, Words) {
  Outcome o = run("EXIT", "RUNNING", "[44]");
  EXPECT_EQ(o.error, "bye 7 now");
  EXPECT_EQ(o.exit.exit_code, 44);
  EXPECT_EQ(o.exit.kind, ext::ExitKind::kUnregBpf);
  o = run("ERROR", "RUNNING", "[]", {{"only_pid", "1001"}});
  EXPECT_EQ(o.error, "task b[1001]");
  EXPECT_EQ(o.exit.kind, ext::ExitKind::kErrorBpf);
  EXPECT_EQ(run("BAD_FORMAT", "RUNNING").error, "format preparation failed");
  EXPECT_THAT(run("DUMP_ELSEWHERE", "RUNNING").error, HasSubstr("ops.dump()"));
}

TEST(Kfuncs, Timers) {
  Outcome o = run("TIMER", "RUNNING", "[5000]");
  EXPECT_FINE(o);
  EXPECT_EQ(o.out[0], 1) << "it rang";
  EXPECT_EQ(o.out[1], 0);
}

// ---- lifetime ----

TEST(TaskLifetime, ATaskThatHasExitedIsRefused) {
  Simulation::Variables later = {{"use_target", "true"}, {"remember_pid", "1001"}};
  Outcome o = run("INSERT", "ENQUEUE", "[7, 1000, 0, 0, 0, 7]", later);
  EXPECT_THAT(o.fault, HasSubstr("43 "));
  EXPECT_THAT(o.fault, HasSubstr("scx_bpf_dsq_insert() is passed a task that has exited"));
  EXPECT_EQ(o.error, o.fault.substr(3)) << "which is why it was thrown out";
  EXPECT_THAT(run("READ_TARGET", "RUNNING", "[]", later).fault, HasSubstr("reads 4 bytes"));
}

TEST(TaskLifetime, WhatIsNoTaskIsRefused) {
  Simulation::Variables target = {{"use_target", "true"}};
  EXPECT_THAT(run("INSERT", "ENQUEUE", "[7, 1000, 0, 0, 0, 7]", target).fault,
              HasSubstr("scx_bpf_dsq_insert() is passed a null task"));
  target.push_back({"target", "0xffff888000001040"});
  Outcome o = run("SET_SLICE", "RUNNING", "[5]", target);
  EXPECT_THAT(o.fault, HasSubstr("scx_bpf_task_set_slice() is passed 0xffff888000001040, which is no task"));
}

TEST(TaskLifetime, IdleTasksAndStoppersAreNotSchedExts) {
  Simulation host(commands(), {{"command", "INSERT"}, {"where", "ENQUEUE"}, {"in", "[7]"}});
  KernelObjects& objects = host.ops->objects();
  EXPECT_FALSE(objects.argument(objects.idle_task(CpuId(0)), "f").valid());
  EXPECT_THAT(host.fault(), HasSubstr("f() is passed an idle task"));
  Simulation other(commands());
  KernelObjects& others = other.ops->objects();
  EXPECT_FALSE(others.argument(others.task(TaskId(4)), "f").valid());
  EXPECT_THAT(other.fault(), HasSubstr("f() is passed migration/0, which is above sched_ext"));
}

TEST(TaskLifetime, AReferenceKeepsATaskReadable) {
  Simulation host(commands());
  BpfOps& ops = *host.ops;
  ops.adopt_task(testing::kB);
  uint64_t address = ops.objects().task(testing::kB);
  EXPECT_EQ(ops.objects().acquire(address), address);
  EXPECT_EQ(ops.objects().acquire(address), address);
  ops.drop_task(testing::kB);
  EXPECT_TRUE(ops.vm().mapped(address, 4, VM_READ));
  ops.objects().release(address, "bpf_task_release");
  EXPECT_EQ(ops.objects().acquire(address), address);
  ops.objects().release(address, "bpf_task_release");
  EXPECT_TRUE(ops.vm().mapped(address, 4, VM_READ));
  ops.objects().release(address, "bpf_task_release");
  EXPECT_FALSE(ops.vm().mapped(address, 4, VM_READ));
  EXPECT_EQ(ops.objects().acquire(address), 0u) << "too late";
  EXPECT_EQ(host.fault(), "");
  ops.objects().release(address, "bpf_task_release");
  EXPECT_THAT(host.fault(), HasSubstr("bpf_task_release() is passed a task that has exited"));
}

TEST(TaskLifetime, ReferencesAreCounted) {
  EXPECT_THAT(run("RELEASE_TWICE", "RUNNING", "[1000]").fault,
              HasSubstr("bpf_task_release() releases a task that it holds no reference to"));
  EXPECT_FINE(run("KEEP_TASK", "RUNNING", "[1001]", {{"only_pid", "1001"}}));
}

TEST(TaskLifetime, AnAddressIsUsedAgainLate) {
  Simulation host(commands());
  host.ops->adopt_task(testing::kB);
  uint64_t first = host.ops->objects().task(testing::kB);
  for (int i = 0; i < 100; ++i) {
    host.ops->drop_task(testing::kB);
    EXPECT_EQ(host.ops->objects().task(testing::kB), 0u);
    host.ops->adopt_task(testing::kB);
    EXPECT_NE(host.ops->objects().task(testing::kB), first);
  }
}

// What kfuncs have handed out is known to a copy of the scheduler, too.
TEST(TaskLifetime, ACopyKnowsWhatWasHandedOut) {
  Simulation one(commands()), two(commands());
  BpfOps &from = *one.ops, &to = *two.ops;
  from.adopt_task(testing::kA);
  from.adopt_task(testing::kB);
  const uint64_t exited = from.objects().acquire(from.objects().task(testing::kB));
  from.drop_task(testing::kB);
  const uint64_t iterator = from.vm().allocate(64, VM_READ | VM_WRITE);
  from.iterator_new(iterator);
  const uint64_t idle = from.idle_mask(false, -1), transient = from.objects().transient_mask(CpuSet::parse("1-2"));
  to.idle_mask(true, -1);
  to.put_idle_mask();
  to.assign(from);

  EXPECT_EQ(to.objects().with_pid(1000), testing::kA);
  EXPECT_EQ(to.objects().with_pid(1001), TaskId());
  EXPECT_EQ(to.objects().acquire(exited), exited);
  to.objects().release(exited, "f");
  EXPECT_TRUE(to.vm().mapped(exited, 4, VM_READ));
  to.objects().release(exited, "f");
  EXPECT_FALSE(to.vm().mapped(exited, 4, VM_READ));
  EXPECT_TRUE(from.vm().mapped(exited, 4, VM_READ));
  bool none = true;
  EXPECT_NE(to.iterator(iterator, "f", &none), nullptr);
  EXPECT_EQ(*to.vm().at<uint64_t>(idle), 0xfu);
  EXPECT_TRUE(two.ext->test_and_clear_cpu_idle(2));
  to.idle_changed();  // it is out
  EXPECT_EQ(*to.vm().at<uint64_t>(idle), 0xbu);
  EXPECT_EQ(*from.vm().at<uint64_t>(idle), 0xfu);
  EXPECT_EQ(to.objects().transient_mask(CpuSet::parse("3")), transient);
  EXPECT_EQ(two.fault(), "");

  from.vm().refuse("has had enough");
  to.assign(from);
  EXPECT_THAT(two.fault(), HasSubstr("has had enough"));
}

// ---- hostile policies ----

TEST(Hostile, MembersOfATaskCannotBeWritten) {
  EXPECT_FINE(run("WRITE_SLICE", "RUNNING"));
  EXPECT_THAT(run("WRITE_PID", "RUNNING").fault, HasSubstr("writes 4 bytes"));
}

TEST(Hostile, AnEndlessLoopEnds) {
  Outcome o = run("LOOP", "RUNNING");
  EXPECT_THAT(o.fault, HasSubstr("44 "));
  EXPECT_THAT(o.fault, HasSubstr("does not return"));
}

TEST(Hostile, BadMasksAreRefused) {
  EXPECT_THAT(run("NULL_MASK", "SELECT").fault, HasSubstr("scx_bpf_pick_idle_cpu() is passed a null cpumask"));
  EXPECT_THAT(run("WILD_MASK", "SELECT", "[19088736]").fault,
              HasSubstr("scx_bpf_pick_idle_cpu() is passed a pointer that is no cpumask"));
}

TEST(Hostile, AFaultInInitRefusesTheScheduler) {
  Outcome o = run("LOOP", "INIT");
  EXPECT_THAT(o.error, HasSubstr("does not return"));
}

// ---- end to end ----

TEST(Simple, SchedulesASimulation) {
  for (const char* fifo : {"false", "true"}) {
    auto source = std::string(SIMSCHED_SOURCE_DIR) + "/scx_port/schedulers/simple/simple.bpf.c";
    CompileOptions options;
    options.cache = ::testing::TempDir() + "simsched-native/cache";
    auto object = load_bpf(source, options);
    std::string metrics[2];
    for (std::string& text : metrics) {
      Simulation host(object, {{"fifo", fifo}, {"slice_ns", "1ms"}}, nullptr, true);
      host.engine->run();
      RunResult result = host.engine->result();
      EXPECT_EQ(result.status, "ok");
      EXPECT_EQ(result.metric("tasks_exited"), 4);
      EXPECT_GT(host.ext->calls(ext::Op::kEnqueue), 0u);
      EXPECT_GT(host.ext->calls(ext::Op::kSelectCpu), 0u);
      for (const auto& [name, value] : result.figures()) text += name + " " + std::to_string(value) + "\n";
    }
    EXPECT_EQ(metrics[0], metrics[1]);
  }
}

}  // namespace
}  // namespace simsched::bpf

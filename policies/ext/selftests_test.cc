// What the kernel's own self-tests of sched_ext (tools/testing/selftests/sched_ext) check, as cases of this class.
// Those on hotplug, init_enable_count, cyclic_kick_wait, idle masks and exits at length have their own files.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "policies/ext/testing.h"

namespace simsched::ext {
namespace {

using simsched::testing::add_task;
using simsched::testing::flat_machine;
using ::testing::HasSubstr;
using namespace testing;

// Tasks that compute and sleep, more than there are CPUs.
Workload crowd(size_t tasks = 8) {
  Workload w;
  for (size_t i = 0; i < tasks; ++i)
    add_task(w, "task",
             {op::compute(Work(static_cast<int64_t>(700'000 + 100'000 * i))), op::sleep(1_ms), op::loop(0, 30)});
  return w;
}

RunResult run_crowd(Script& s, size_t cpus = 4, const std::string& version = "6.18") {
  Workload w = crowd();
  Machine machine = flat_machine(cpus);
  EngineOptions options;
  options.kernel.version = version;
  return simulate(machine, w, s, options);
}

void expect_error(Script& s, const char* message, ExitKind kind = ExitKind::kError) {
  RunResult result = run_crowd(s);
  EXPECT_THAT(result.status, HasSubstr(message));
  EXPECT_EQ(result.exit_code, 43);
  ASSERT_EQ(s.exits.size(), 1u);
  EXPECT_EQ(s.exits[0].kind, kind);
  EXPECT_EQ(result.metric("tasks_exited"), 8);
}

TEST(ExtSelftests, Minimal) {
  Script s;
  EXPECT_EQ(run_crowd(s).status, "ok");
}

TEST(ExtSelftests, Maximal) {
  Script s = Script::shared_queue(7);
  s.select_cpu = [](TaskId, CpuId prev, uint64_t) { return prev.value(); };
  s.dequeue = s.runnable = s.quiescent = [](TaskId, uint64_t) {};
  s.tick = s.running = s.enable = s.disable = [](TaskId) {};
  s.stopping = s.exit_task = [](TaskId, bool) {};
  s.yield = [](TaskId, TaskId) { return false; };
  s.set_weight = [](TaskId, uint32_t) {};
  s.set_cpumask = [](TaskId, const CpuSet&) {};
  s.update_idle = [](CpuId, bool) {};
  s.cpu_acquire = s.cpu_online = s.cpu_offline = [](CpuId) {};
  s.cpu_release = [](CpuId, int32_t, TaskId) {};
  s.init_task = [](TaskId, bool) { return 0; };
  s.cgroup_init = [](GroupId, uint32_t) { return 0; };
  s.cgroup_exit = [](GroupId) {};
  const RunResult result = run_crowd(s);
  EXPECT_EQ(result.status, "ok");
  for (Op op : {Op::kSelectCpu, Op::kEnqueue, Op::kDispatch, Op::kRunnable, Op::kRunning, Op::kStopping, Op::kQuiescent,
                Op::kEnable, Op::kDisable, Op::kUpdateIdle, Op::kInitTask, Op::kExitTask, Op::kCgroupInit, Op::kInit}) {
    EXPECT_GT(result.find(std::string("ext_calls_") + op_name(op)).value_or(0), 0) << op_name(op);
  }
}

TEST(ExtSelftests, CreateDsq) {
  Script s;
  std::vector<int32_t> answers;
  s.init = [&] {
    for (uint64_t id = 0; id < 1024; ++id)
      if (int32_t error = s.ext->create_dsq(id, -1)) return error;
    answers = {s.ext->create_dsq(5, -1), s.ext->create_dsq(kDsqGlobal, -1), s.ext->create_dsq(2000, 1),
               s.ext->create_dsq(2000, -2)};
    for (uint64_t id = 0; id < 1024; ++id) s.ext->destroy_dsq(id);
    return s.ext->create_dsq(0, 0);
  };
  EXPECT_EQ(run_crowd(s).status, "ok");
  EXPECT_EQ(answers, (std::vector<int32_t>{-kEEXIST, -kEINVAL, -kEINVAL, -kEINVAL}));
}

TEST(ExtSelftests, DdspBogusDsqFail) {
  Script s;
  s.select_cpu = [&](TaskId task, CpuId prev, uint64_t) {
    s.ext->dsq_insert(task, 0xcafef00d, kSliceDfl, 0);
    return prev.value();
  };
  expect_error(s, "non-existent DSQ 0xcafef00d for task[1000]");
}

TEST(ExtSelftests, DdspVtimelocalFail) {
  Script s;
  s.select_cpu = [&](TaskId task, CpuId prev, uint64_t) {
    s.ext->dsq_insert_vtime(task, kDsqLocal, kSliceDfl, 0, 0);
    return prev.value();
  };
  expect_error(s, "cannot use vtime ordering for built-in DSQs");
}

// Tasks wait in the scheduler's own list; ops.dispatch() sends them to the local queue of `target`.
void dispatch_to(Script& s, std::vector<TaskId>& waiting, std::function<int32_t(TaskId)> target) {
  s.enqueue = [&](TaskId task, uint64_t) { waiting.push_back(task); };
  s.dequeue = [&](TaskId task, uint64_t) { std::erase(waiting, task); };
  s.dispatch = [&, target](CpuId, TaskId) {
    if (waiting.empty()) return;
    TaskId task = waiting.front();
    waiting.erase(waiting.begin());
    s.ext->dsq_insert(task, kDsqLocalOn | static_cast<uint64_t>(target(task)), kSliceDfl, 0);
  };
}

TEST(ExtSelftests, DspLocalOn) {
  Script s;
  std::vector<TaskId> waiting;
  int turn = 0;
  s.select_cpu = [](TaskId, CpuId prev, uint64_t) { return prev.value(); };
  dispatch_to(s, waiting, [&](TaskId) { return turn++ % 4; });
  RunResult result = run_crowd(s);
  EXPECT_EQ(result.status, "ok");
  for (int64_t busy : result.cpu_busy_ns) EXPECT_GT(busy, 0);
}

TEST(ExtSelftests, DspLocalOnOfACpuThatIsNotAllowedFails) {
  Workload w;
  TaskId task = add_hog(w, "bound", 5);
  pin(w, task, CpuSet::single(CpuId(1)));
  Script s;
  std::vector<TaskId> waiting;
  dispatch_to(s, waiting, [](TaskId) { return 2; });
  Machine machine = flat_machine(4);
  RunResult result = simulate(machine, w, s);
  EXPECT_THAT(result.status, HasSubstr("SCX_DSQ_LOCAL[_ON] target CPU 2 not allowed for bound[1000]"));
  EXPECT_EQ(result.metric("tasks_exited"), 1);
}

TEST(ExtSelftests, DspLocalOnOfACpuThatDoesNotExistFails) {
  Script s;
  std::vector<TaskId> waiting;
  dispatch_to(s, waiting, [](TaskId) { return 4711; });
  expect_error(s, "invalid CPU 4711 in SCX_DSQ_LOCAL_ON dispatch verdict");
}

TEST(ExtSelftests, EnqLastNoEnqFails) {
  Script s;
  s.info.flags = kOpsEnqLast;
  expect_error(s, "SCX_OPS_ENQ_LAST requires ops.enqueue() to be implemented");
}

TEST(ExtSelftests, EnqSelectCpu) {
  Script s;
  int idle = 0;
  s.select_cpu = [](TaskId, CpuId prev, uint64_t) { return prev.value(); };
  s.enqueue = [&](TaskId task, uint64_t flags) {
    bool is_idle = false;
    int32_t cpu = s.ext->select_cpu_dfl(task, s.ext->task_cpu(task).value(), 0, &is_idle);
    idle += is_idle;
    s.ext->dsq_insert(task, is_idle ? kDsqLocalOn | static_cast<uint64_t>(cpu) : kDsqGlobal, kSliceDfl, flags);
  };
  EXPECT_EQ(run_crowd(s).status, "ok");
  EXPECT_GT(idle, 10);
  EXPECT_THAT(run_crowd(s, 4, "6.12").status, HasSubstr("called from an operation only allowing")) << "not before 6.16";
}

TEST(ExtSelftests, EnqSelectCpuFails) {
  // Elsewhere than in select_cpu() and enqueue() it cannot be done with the run queue locked.
  Script s;
  s.quiescent = [&](TaskId task, uint64_t) {
    bool idle = false;
    s.ext->select_cpu_dfl(task, 0, 0, &idle);
  };
  expect_error(s, "called from an operation only allowing");
}

// dequeue, of 7.3: what enqueue() keeps or puts into a queue of its own leaves with dequeue(), once, before it runs.
TEST(ExtSelftests, Dequeue) {
  for (const bool own_queue : {true, false}) {
    Script s = Script::shared_queue();
    std::map<int32_t, int> held;
    int left = 0;
    std::vector<TaskId> kept;
    s.enqueue = [&](TaskId task, uint64_t flags) {
      EXPECT_EQ(held[task.value()]++, 0);
      if (own_queue)
        s.ext->dsq_insert(task, 0, kSliceDfl, flags);
      else
        kept.push_back(task);
    };
    if (!own_queue) {
      s.dispatch = [&](CpuId, TaskId) {
        if (kept.empty()) return;
        s.ext->dsq_insert(kept.front(), kDsqLocal, kSliceDfl, 0);
        kept.erase(kept.begin());
      };
    }
    s.dequeue = [&](TaskId task, uint64_t) {
      EXPECT_EQ(--held[task.value()], 0);
      ++left;
    };
    s.running = [&](TaskId task) { EXPECT_EQ(held[task.value()], 0); };
    EXPECT_EQ(run_crowd(s, 4, "7.3").status, "ok");
    EXPECT_GT(left, 100);
  }
  Script s = Script::shared_queue();
  int left = 0;
  s.dequeue = [&](TaskId, uint64_t) { ++left; };
  EXPECT_EQ(run_crowd(s, 4, "6.18").status, "ok");
  EXPECT_EQ(left, 0) << "before 7.1 only what it still keeps can be taken away";
}

TEST(ExtSelftests, ExitFromEachCallback) {
  for (Op op : {Op::kSelectCpu, Op::kEnqueue, Op::kDispatch, Op::kEnable, Op::kInitTask, Op::kInit}) {
    Script s = Script::shared_queue();
    auto leave = [&] { s.ext->exit(static_cast<int64_t>(op), op_name(op)); };
    if (op == Op::kInit) s.init = [&] { return leave(), 0; };
    if (op == Op::kInitTask) s.init_task = [&](TaskId, bool) { return leave(), 0; };
    if (op == Op::kEnable) s.enable = [&](TaskId) { leave(); };
    if (op == Op::kSelectCpu) s.select_cpu = [&](TaskId, CpuId prev, uint64_t) { return leave(), prev.value(); };
    if (op == Op::kEnqueue)
      s.enqueue = [&](TaskId task, uint64_t) { leave(), s.ext->dsq_insert(task, kDsqGlobal, 0, 0); };
    if (op == Op::kDispatch) s.dispatch = [&](CpuId, TaskId) { leave(); };
    RunResult result = run_crowd(s);
    EXPECT_EQ(result.metric("tasks_exited"), 8) << op_name(op);
    EXPECT_EQ(result.exit_code, 0);
    ASSERT_EQ(s.exits.size(), 1u) << op_name(op);
    EXPECT_EQ(s.exits[0].kind, ExitKind::kUnregBpf);
    EXPECT_EQ(s.exits[0].exit_code, static_cast<int64_t>(op));
    EXPECT_EQ(s.exits[0].message, op_name(op));
  }
}

TEST(ExtSelftests, SelectCpuDfl) {
  // With a CPU for each task the built-in choice always finds an idle one.
  Script s;
  bool missed = false;
  s.enqueue = [&](TaskId task, uint64_t flags) {
    missed = true;
    s.ext->dsq_insert(task, kDsqGlobal, kSliceDfl, flags);
  };
  EXPECT_EQ(run_crowd(s, 8).status, "ok");
  EXPECT_FALSE(missed);
}

TEST(ExtSelftests, SelectCpuDispatch) {
  Script s;
  s.select_cpu = [&](TaskId task, CpuId prev, uint64_t) {
    s.ext->dsq_insert(task, kDsqLocal, kSliceDfl, 0);
    return prev.value();
  };
  EXPECT_EQ(run_crowd(s).status, "ok");
}

TEST(ExtSelftests, SelectCpuDispatchBadDsq) {
  Script s;
  s.select_cpu = [&](TaskId task, CpuId prev, uint64_t) {
    s.ext->dsq_insert(task, 4242, kSliceDfl, 0);
    return prev.value();
  };
  expect_error(s, "non-existent DSQ 0x1092 for");
}

TEST(ExtSelftests, SelectCpuDispatchDblDsp) {
  Script s;
  s.select_cpu = [&](TaskId task, CpuId prev, uint64_t) {
    for (int i = 0; i < 2; ++i) s.ext->dsq_insert(task, kDsqGlobal, kSliceDfl, 0);
    return prev.value();
  };
  expect_error(s, "task[1000] already direct-dispatched");
}

TEST(ExtSelftests, DirectDispatchOfAnotherTaskFails) {
  Script s;
  s.enqueue = [&](TaskId task, uint64_t) {
    s.ext->dsq_insert(TaskId((task.value() + 1) % 8), kDsqGlobal, kSliceDfl, 0);
  };
  expect_error(s, "but trying to direct-dispatch");
}

TEST(ExtSelftests, SelectCpuVtime) {
  Script s = Script::shared_queue(1);
  uint64_t now = 0;
  s.select_cpu = [&](TaskId task, CpuId prev, uint64_t) {
    s.ext->dsq_insert_vtime(task, 1, kSliceDfl, s.vtime(task), 0);
    return prev.value();
  };
  s.enqueue = [&](TaskId task, uint64_t flags) { s.ext->dsq_insert_vtime(task, 1, kSliceDfl, s.vtime(task), flags); };
  s.running = [&](TaskId task) { now = std::max(now, s.vtime(task)); };
  s.stopping = [&](TaskId task, bool) {
    s.vtime(task) += (kSliceDfl - s.slice(task)) * 100 / *s.ext->fields(task).weight;
  };
  s.enable = [&](TaskId task) { s.vtime(task) = now; };
  EXPECT_EQ(run_crowd(s, 2).status, "ok");
  EXPECT_GE(now, 20'000'000u);
}

TEST(ExtSelftests, AllowedCpus) {
  Script s;
  const CpuSet domain = CpuSet::parse("0");
  int found = 0;
  auto pick = [&](TaskId task, int32_t prev, uint64_t flags) {
    int32_t cpu = s.ext->select_cpu_and(task, prev, flags, domain, 0);
    EXPECT_TRUE(cpu == 0 || cpu == -kEBUSY) << cpu;
    found += cpu == 0;
    return cpu;
  };
  s.select_cpu = [&](TaskId task, CpuId prev, uint64_t flags) {
    int32_t cpu = pick(task, prev.value(), flags);
    if (cpu >= 0) s.ext->dsq_insert(task, kDsqLocal, kSliceDfl, 0);
    return cpu >= 0 ? cpu : prev.value();
  };
  s.enqueue = [&](TaskId task, uint64_t) {
    s.ext->dsq_insert(task, kDsqGlobal, kSliceDfl, 0);
    int32_t cpu = pick(task, s.ext->task_cpu(task).value(), 0);
    if (cpu >= 0) s.ext->kick_cpu(cpu, kKickIdle);
  };
  EXPECT_EQ(run_crowd(s).status, "ok");
  EXPECT_GT(found, 10);
}

TEST(ExtSelftests, Numa) {
  MachineSpec spec = flat_machine(8).spec();
  spec.distances.clear();
  for (size_t i = 0; i < 8; ++i) spec.cpus[i].llc = LlcId(i / 4), spec.cpus[i].node = NodeId(i / 4);
  Machine machine(std::move(spec));
  Workload w = crowd(16);
  Script s;
  s.info.flags = kOpsBuiltinIdlePerNode;
  auto node_of = [&](CpuId cpu) { return machine.cpu(cpu).node.value(); };
  s.init = [&] {
    for (int node = 0; node < 2; ++node)
      if (int32_t error = s.ext->create_dsq(static_cast<uint64_t>(node), node)) return error;
    return 0;
  };
  s.select_cpu = [&](TaskId task, CpuId prev, uint64_t) {
    int32_t node = node_of(prev);
    const CpuSet& cpus = s.ext->kernel().allowed(task);
    int32_t cpu = s.ext->pick_idle_cpu_node(cpus, node, kPickIdleInNode);
    if (cpu < 0) cpu = s.ext->pick_any_cpu_node(cpus, node, kPickIdleInNode);
    EXPECT_EQ(node_of(CpuId(cpu)), node);
    EXPECT_FALSE(s.ext->idle_cpumask(node).contains(CpuId(cpu)));
    return cpu;
  };
  s.enqueue = [&](TaskId task, uint64_t flags) {
    s.ext->dsq_insert(task, static_cast<uint64_t>(node_of(s.ext->task_cpu(task))), kSliceDfl, flags);
  };
  s.dispatch = [&](CpuId cpu, TaskId) { s.ext->dsq_move_to_local(static_cast<uint64_t>(node_of(cpu))); };
  EXPECT_EQ(simulate(machine, w, s).status, "ok");
}

TEST(ExtSelftests, NumaKfuncsNeedPerNodeTrackingAndTheOthersItsAbsence) {
  for (bool per_node : {false, true}) {
    Script s;
    if (per_node) s.info.flags = kOpsBuiltinIdlePerNode;
    s.select_cpu = [&](TaskId, CpuId prev, uint64_t) {
      if (per_node) {
        EXPECT_EQ(s.ext->pick_idle_cpu_node(s.ext->online_cpus(), -1, 0), -kENOENT);
        EXPECT_EQ(s.ext->pick_any_cpu(s.ext->online_cpus(), 0), -kEBUSY);
      } else {
        EXPECT_EQ(s.ext->pick_any_cpu_node(s.ext->online_cpus(), 0, 0), -kEOPNOTSUPP);
      }
      EXPECT_TRUE(s.ext->idle_cpumask(per_node ? -1 : 0).empty());
      return prev.value();
    };
    expect_error(s, per_node ? "per-node idle tracking is enabled" : "per-node idle tracking is disabled");
  }
}

// In 6.18 a real-time task that never sleeps starves the class: its deadline server came later. The scheduler is thrown
// out, and the fair class has a server, which is not modelled either.
TEST(ExtSelftests, RtStall) {
  Workload w;
  TaskId rt = add_rt(w, "rt", {op::compute(ms(3000))}, CpuId(0));
  TaskId task = add_hog(w, "task", 5, CpuId(0));
  for (TaskId t : {rt, task}) pin(w, t, CpuSet::single(CpuId(0)));
  Script s = Script::shared_queue();
  s.info.timeout = 1_s;
  Machine machine = flat_machine(2);
  RunResult result = simulate(machine, w, s);
  EXPECT_EQ(result.exit_code, 42);
  EXPECT_THAT(result.status, HasSubstr("task[1001] failed to run for"));
}

}  // namespace
}  // namespace simsched::ext

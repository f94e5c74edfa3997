// Over random workloads: callbacks come in their order for each task, no task is lost, the same seed gives the same
// run.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <sstream>

#include "policies/ext/testing.h"

namespace simsched::ext {
namespace {

using simsched::testing::add_task;
using simsched::testing::flat_machine;
using namespace testing;

// Forks, exits, sleeps, tokens, yields, changes of nice, affinity and policy; real-time tasks among them.
Workload random_workload(Rng rng, size_t cpus) {
  Workload w;
  w.nr_tokens = 2;
  AffinityId some[3];
  for (AffinityId& id : some) {
    CpuSet set;
    set.add(CpuId(static_cast<int32_t>(rng.below(cpus))));
    if (rng.below(2)) set.add(CpuId(static_cast<int32_t>(rng.below(cpus))));
    id = w.intern_affinity(set);
  }
  auto work = [&] { return op::compute(Work(rng.between(0, 8'000'000))); };
  auto body = [&](bool fair) {
    std::vector<simsched::Op> ops;
    for (uint64_t i = 0, n = 2 + rng.below(6); i < n; ++i) {
      ops.push_back(work());
      switch (rng.below(fair ? 9 : 3)) {
        case 0:
        case 1:
          ops.push_back(op::sleep(Nanos(rng.between(0, 5'000'000))));
          break;
        case 2:
          ops.push_back(op::signal(TokenId(static_cast<int32_t>(rng.below(2)))));
          break;
        case 3:
          ops.push_back(op::yield());
          break;
        case 4:
          ops.push_back(set_nice(static_cast<int>(rng.between(-20, 19))));
          break;
        case 5:
          ops.push_back(set_affinity(rng.below(3) ? some[rng.below(3)] : AffinityId(0)));
          break;
        case 6:
          ops.push_back(op::exec());
          break;
        case 7:
          ops.push_back(set_policy(rng.below(2) ? SchedPolicy::kExt : SchedPolicy::kNormal));
          break;
        default:
          break;
      }
    }
    ops.push_back(op::loop(0, static_cast<int64_t>(1 + rng.below(4))));
    return ops;
  };
  for (uint64_t i = 0, n = 1 + rng.below(2 * cpus + 3); i < n; ++i) {
    if (rng.below(8) == 0) {
      add_rt(w, "rt", body(false));
    } else if (rng.below(3) == 0) {
      TaskId child = add_task(w, "child", body(true));
      std::vector<simsched::Op> ops = {work(), op::fork(child)};
      if (rng.below(2)) ops.push_back(op::wait_child());
      ops.push_back(work());
      w.tasks[child.index()].parent = add_task(w, "parent", ops);
    } else {
      TaskId task = add_task(w, "task", body(true));
      if (rng.below(3) == 0) w.tasks[task.index()].affinity = some[rng.below(3)];
      w.tasks[task.index()].start = Nanos(rng.between(0, 3'000'000));
    }
  }
  return w;
}

// The state of a task as its callbacks tell it. Complaints are collected: a callback cannot throw.
class Protocol {
 public:
  Protocol(Script& s, size_t tasks) : s_(s), tasks_(tasks) {
    s.init_task = [this](TaskId t, bool) {
      return step(t, "init_task", !at(t).known && !at(t).gone, [](State& x) { x.known = true; }), 0;
    };
    s.enable = [this](TaskId t) {
      step(t, "enable", at(t).known && !at(t).enabled, [](State& x) { x.enabled = true; });
    };
    s.runnable = [this](TaskId t, uint64_t) {
      step(t, "runnable", at(t).enabled && !at(t).runnable, [](State& x) { x.runnable = true; });
    };
    s.running = [this](TaskId t) {
      step(t, "running", at(t).runnable && !at(t).running && !at(t).held, [](State& x) { x.running = true; });
      if (s_.ext->kernel().curr(s_.ext->task_cpu(t)) != t) complain(t, "runs elsewhere");
    };
    s.stopping = [this](TaskId t, bool runnable) {
      step(t, "stopping", at(t).running && at(t).runnable, [](State& x) { x.running = false; });
      at(t).again = runnable;
    };
    s.quiescent = [this](TaskId t, uint64_t) {
      step(t, "quiescent", at(t).runnable && !at(t).running && !at(t).held, [](State& x) { x.runnable = false; });
    };
    s.disable = [this](TaskId t) {
      step(t, "disable", at(t).enabled && !at(t).runnable && !at(t).running, [](State& x) { x.enabled = false; });
    };
    s.exit_task = [this](TaskId t, bool) {
      step(t, "exit_task", at(t).known && !at(t).enabled, [](State& x) { x.known = false; });
      if (s_.ext->kernel().task_state(t) == TaskState::kDead) at(t).gone = true;
    };
    s.dequeue = [this](TaskId t, uint64_t) { step(t, "dequeue", at(t).held, [](State& x) { x.held = false; }); };
    s.set_weight = [this](TaskId t, uint32_t) { step(t, "set_weight", at(t).enabled, [](State&) {}); };
    s.set_cpumask = [this](TaskId t, const CpuSet& cpus) {
      step(t, "set_cpumask", at(t).enabled && !cpus.empty(), [](State&) {});
    };
    s.tick = [this](TaskId t) { step(t, "tick", at(t).running, [](State&) {}); };
  }
  // The scheduler has taken the task into its own hands / gives it away.
  void hold(TaskId t) {
    step(t, "enqueue", at(t).runnable && !at(t).running && !at(t).held, [](State& x) { x.held = true; });
  }
  void let_go(TaskId t) { at(t).held = false; }
  void finish() {
    for (size_t i = 0; i < tasks_.size(); ++i)
      if (tasks_[i].known && tasks_[i].runnable) complain(TaskId(i), "is still runnable");
  }
  std::string complaints, log;

 private:
  struct State {
    bool known = false, enabled = false, runnable = false, running = false, held = false, again = false, gone = false;
  };
  State& at(TaskId t) { return tasks_[t.index()]; }
  void complain(TaskId t, const std::string& what) {
    complaints += "task " + std::to_string(t.value()) + " " + what + "\n";
  }
  template <class Change>
  void step(TaskId t, const char* what, bool ok, Change change) {
    if (!ok) complain(t, std::string(what) + " out of order at " + std::to_string(s_.ext->kernel().now().count()));
    change(at(t));
    std::ostringstream line;
    line << s_.ext->kernel().now().count() << ' ' << what << ' ' << t.value() << '\n';
    log += line.str();
  }
  Script& s_;
  std::vector<State> tasks_;
};

// A scheduler whose decisions are random but always let every task run some day.
struct RandomRun {
  std::string complaints, log, status;
  int64_t exited = 0;
  uint64_t nr_tasks = 0;
};

RandomRun random_run(uint64_t seed) {
  Rng rng(seed);
  const size_t cpus = 1 + rng.below(5), threads = 1 + rng.below(2);
  Machine machine = flat_machine(cpus, threads);
  Workload w = random_workload(rng.split(1), cpus);
  Rng choice = rng.split(2);
  Script s;
  Protocol protocol(s, w.tasks.size());
  if (rng.below(3) == 0) s.info.flags |= kOpsSwitchPartial;
  std::vector<TaskId> waiting;
  // Now and then it leaves and is loaded again, in the middle of everything.
  const Nanos stays = rng.below(3) ? Nanos::max() : Nanos(rng.between(1'000'000, 20'000'000));
  s.init = [&] {
    if (stays != Nanos::max()) s.ext->set_timer(1, s.ext->now() + stays);
    return s.ext->create_dsq(0, -1), s.ext->create_dsq(1, -1), 0;
  };
  s.timer = [&](uint64_t) { s.ext->exit(static_cast<int64_t>(kEcodeActRestart), ""); };
  if (rng.below(3)) {
    s.select_cpu = [&](TaskId task, CpuId prev, uint64_t flags) {
      bool idle = false;
      int32_t cpu = choice.below(4) ? s.ext->select_cpu_dfl(task, prev.value(), flags, &idle)
                                    : static_cast<int32_t>(choice.below(cpus));
      if (idle && choice.below(2)) s.ext->dsq_insert(task, kDsqLocal, kSliceDfl, 0);
      return cpu;
    };
  }
  auto any_slice = [&] {
    return choice.below(8) ? 1'000'000 * (1 + choice.below(20)) : choice.below(2) ? uint64_t{0} : uint64_t{1};
  };
  s.enqueue = [&](TaskId task, uint64_t flags) {
    uint64_t extra =
        flags | (choice.below(8) == 0 ? uint64_t{kEnqHead} : 0) | (choice.below(8) == 0 ? uint64_t{kEnqPreempt} : 0);
    // Bound to where it may run, where the kernel insists on it.
    CpuId cpu = s.ext->kernel().allowed(task).first_cpu();
    switch (choice.below(6)) {
      case 0:
        s.ext->dsq_insert(task, kDsqLocal, any_slice(), extra);
        break;
      case 1:
        s.ext->dsq_insert(task, kDsqGlobal, any_slice(), flags);
        break;
      case 2:
        s.ext->dsq_insert(task, kDsqLocalOn | static_cast<uint64_t>(cpu.value()), any_slice(), extra);
        break;
      case 3:
        s.ext->dsq_insert_vtime(task, 1, any_slice(), choice.below(100), flags);
        break;
      case 4:
        s.ext->dsq_insert(task, 0, any_slice(), flags);
        break;
      default:
        protocol.hold(task);
        waiting.push_back(task);
        break;
    }
    for (CpuId c : s.ext->kernel().allowed(task)) s.ext->kick_cpu(c.value(), kKickIdle);
  };
  auto dequeue = s.dequeue;
  s.dequeue = [&](TaskId task, uint64_t flags) {
    std::erase(waiting, task);
    dequeue(task, flags);
  };
  s.dispatch = [&](CpuId cpu, TaskId) {
    for (size_t i = 0; i < waiting.size();) {
      TaskId task = waiting[i];
      if (!s.ext->kernel().cpu_allowed(task, cpu) || s.ext->dispatch_nr_slots() == 0) {
        ++i;
        continue;
      }
      waiting.erase(waiting.begin() + static_cast<std::ptrdiff_t>(i));
      protocol.let_go(task);
      s.ext->dsq_insert(task, kDsqLocal, any_slice(), 0);
      break;
    }
    uint64_t first = choice.below(2);
    if (!s.ext->dsq_move_to_local(first)) s.ext->dsq_move_to_local(1 - first);
  };
  s.cpu_release = [&](CpuId, int32_t, TaskId) {
    if (choice.below(2)) s.ext->reenqueue_local();
  };
  EngineOptions options;
  options.seed = seed;
  ExtOptions ext;
  if (rng.below(2)) ext.restart_delay = Nanos(rng.between(0, 3'000'000));
  Simulation sim(machine, w, s, options, ext);
  RunResult result = sim.run();
  protocol.finish();
  RandomRun run;
  run.status = result.status;
  run.complaints = protocol.complaints;
  run.log = protocol.log;
  run.exited = result.metric("tasks_exited");
  run.nr_tasks = w.tasks.size();
  return run;
}

RC_GTEST_PROP(ExtProtocol, CallbacksOfATaskNestAndNoTaskIsLost, ()) {
  const auto seed = *rc::gen::arbitrary<uint64_t>();
  RandomRun run = random_run(seed);
  // It may be away for the moment, or for good.
  RC_ASSERT(run.status == "ok" || run.status.find("left (unregistered from BPF)") != std::string::npos);
  RC_ASSERT(run.complaints == "");
  RC_ASSERT(run.exited == static_cast<int64_t>(run.nr_tasks));
}

RC_GTEST_PROP(ExtProtocol, TheSameSeedGivesTheSameRun, ()) {
  const auto seed = *rc::gen::arbitrary<uint64_t>();
  RC_ASSERT(random_run(seed).log == random_run(seed).log);
}

}  // namespace
}  // namespace simsched::ext

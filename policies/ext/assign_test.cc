// A simulation under a C++ scheduler that was copied goes on as the original does: whatever the class holds.
#include <gtest/gtest.h>

#include "base/rng.h"
#include "policies/ext/testing.h"

namespace simsched::ext {
namespace {

using simsched::testing::add_task;
using simsched::testing::flat_machine;
using namespace testing;

Workload busy(size_t tasks) {
  Workload w;
  for (size_t i = 0; i < tasks; ++i) {
    const auto t = static_cast<int64_t>(i);
    add_task(w, "task" + std::to_string(i),
             {op::compute(Work(500'000 + 170'000 * t)), op::sleep(Nanos(300'000 + 90'000 * t)), op::yield(),
              set_nice(3), op::loop(0, 20)});
  }
  return w;
}

// A scheduler that goes through all that the class keeps: queues by vtime, kicks that wait, timers, direct dispatches
// to other CPUs' queues. It keeps nothing itself.
void script_everything(Script* s) {
  s->init = [s] {
    s->ext->create_dsq(7, -1);
    s->ext->create_dsq(1'000'000, -1);
    s->ext->set_timer(1, s->ext->now() + 1_ms);
    return 0;
  };
  s->select_cpu = [s](TaskId task, CpuId prev, uint64_t flags) {
    bool idle = false;
    const int32_t cpu = s->ext->select_cpu_dfl(task, prev.value(), flags, &idle);
    if (idle) s->ext->dsq_insert(task, kDsqLocal, 3'000'000, 0);
    return cpu;
  };
  s->enqueue = [s](TaskId task, uint64_t flags) {
    const auto cpu = static_cast<uint64_t>(task.value()) % s->ext->nr_cpu_ids();
    if (task.value() % 4 == 0) {
      s->ext->dsq_insert(task, kDsqLocalOn | cpu, 2'000'000, flags);
    } else if (task.value() % 2 == 0) {
      s->ext->dsq_insert_vtime(task, 7, 1'000'000, s->vtime(task), flags);
      s->ext->kick_cpu(static_cast<int32_t>(cpu), kKickPreempt | (task.value() % 3 == 0 ? uint64_t{kKickWait} : 0));
    } else {
      s->ext->dsq_insert(task, 1'000'000, 1'500'000, flags);
    }
  };
  s->dispatch = [s](CpuId, TaskId) {
    if (!s->ext->dsq_move_to_local(7)) s->ext->dsq_move_to_local(1'000'000);
  };
  s->stopping = [s](TaskId task, bool) { s->vtime(task) += 1'000'000 - s->slice(task) % 1'000'000; };
  s->timer = [s](uint64_t key) { s->ext->set_timer(key, s->ext->now() + Nanos(777'000)); };
}

// `setup` makes the same scheduler each time; the copies are made at several times, into new and used simulations.
void check(const Workload& w, const std::function<void(Script*)>& setup, const std::string& status,
           EngineOptions options = {}, ExtOptions ext = {}) {
  MachineSpec spec = flat_machine(4, 2).spec();
  spec.costs = {};  // the defaults: interrupts are on their way for a while
  const Machine machine(spec);
  options.record = true;
  struct Run {
    Script script;
    std::unique_ptr<Simulation> simulation;
    Engine& engine() { return simulation->engine(); }
  };
  const auto make = [&] {
    auto run = std::make_unique<Run>();
    setup(&run->script);
    run->simulation = std::make_unique<Simulation>(machine, w, run->script, options, ext);
    return run;
  };
  const auto whole = make();
  const RunResult expected = whole->simulation->run();
  EXPECT_NE(expected.status.find(status), std::string::npos) << expected.status;
  const auto expect_same = [&](Run& run) {
    run.engine().run();
    const RunResult result = run.engine().result();
    EXPECT_EQ(result.status, expected.status);
    EXPECT_EQ(result.exit_code, expected.exit_code);
    EXPECT_EQ(result.metrics, expected.metrics);
    EXPECT_EQ(run.engine().trace().events, whole->engine().trace().events);
    EXPECT_EQ(run.simulation->ext().exit_info().message, whole->simulation->ext().exit_info().message);
  };
  Rng rng(1);
  const auto run_somewhere = [&](Run& run) {
    for (uint64_t n = rng.below(whole->engine().nr_events()); n > 0 && run.engine().step(); --n) {
    }
  };
  const auto used = make();
  for (int i = 0; i < 20; ++i) {
    const auto original = make(), fresh = make();
    run_somewhere(*original);
    SCOPED_TRACE("copied after " + std::to_string(original->engine().nr_events()) + " events");
    fresh->engine().assign(original->engine());
    run_somewhere(*used);
    used->engine().assign(original->engine());
    expect_same(*fresh);
    expect_same(*original);
    if (i % 3 == 0) expect_same(*used);  // to its end
    if (::testing::Test::HasFailure()) return;
  }
}

TEST(ExtAssign, ACopyGoesOnAsTheOriginalDoes) { check(busy(14), script_everything, "ok"); }

TEST(ExtAssign, WithoutOneCallback) {
  check(
      busy(10), [](Script*) {}, "ok");
}

TEST(ExtAssign, AfterTheSchedulerHasEnded) {
  check(
      busy(10),
      [](Script* s) {
        s->use_shared_queue(0);
        s->timer = [s](uint64_t) { s->ext->policy_error("enough"); };
        s->init = [s] {
          s->ext->set_timer(1, s->ext->now() + 20_ms);
          return s->ext->create_dsq(0, -1);
        };
      },
      "enough");
}

TEST(ExtAssign, AroundRestarts) {
  EngineOptions options;
  options.hotplug = {{10_ms, CpuId(1), false}, {40_ms, CpuId(1), true}};
  ExtOptions ext;
  ext.restart_delay = 5_ms;
  check(
      busy(10), [](Script* s) { s->use_shared_queue(0); }, "ok", options, ext);
}

TEST(ExtAssign, WhenATaskIsStarved) {
  check(
      busy(10),
      [](Script* s) {
        s->info.timeout = 10_ms;
        s->init = [s] { return s->ext->create_dsq(0, -1); };
        s->enqueue = [s](TaskId task, uint64_t flags) {
          if (task != TaskId(3) || s->ext->kernel().now() < 8_ms) s->ext->dsq_insert(task, 0, kSliceDfl, flags);
        };
        s->dispatch = [s](CpuId, TaskId) { s->ext->dsq_move_to_local(0); };
      },
      "failed to run");
}

}  // namespace
}  // namespace simsched::ext

// Both halves of scx_rusty together, in simulations.
#include <gtest/gtest.h>

#include <map>

#include "policies/registry.h"
#include "scx_port/host/policies.h"
#include "scx_port/schedulers/rusty/testing.h"
#include "sim/testing.h"

namespace simsched::rusty {
namespace {

struct Outcome {
  Nanos makespan;
  std::map<std::string, int64_t> counters;
};

Outcome simulate(const Machine& machine, const Workload& workload, const Tunables& tunables) {
  EngineOptions options;
  options.check_invariants = true;
  PolicyRegistry registry(scx_policies());
  Engine engine(machine, workload, options, registry.make("scx_rusty", tunables, options.kernel, machine));
  engine.run();
  RunResult result = engine.result();
  EXPECT_EQ(result.status, "ok");
  Outcome outcome{Nanos(result.metric("makespan_ns")), {}};
  for (auto& [name, value] : result.figures()) outcome.counters[name] = value;
  return outcome;
}

// Tasks that start on CPU 0, which sends them to the domains in turn: every other one is short, so that one of two
// domains has them all in the end.
Workload alternate(int nr, Work long_one, Work short_one) {
  Workload workload;
  for (int i = 0; i < nr; ++i) {
    TaskId task = testing::add_task(workload, "hog" + std::to_string(i), {op::compute(i % 2 ? short_one : long_one)});
    workload.tasks[task.index()].start_cpu = CpuId(0);
  }
  return workload;
}

// What the tuner says is taken over when some task wakes up; those that only compute never do.
void add_waker(Workload& workload) {
  testing::add_task(workload, "waker", {op::sleep(Nanos(250'000'000)), op::compute(Work(1000))});
}

// Two domains of two CPUs: after half a second or so one has four tasks, the other none.
Workload lopsided() {
  Workload workload = alternate(8, Work(5'000'000'000), Work(500'000'000));
  add_waker(workload);
  return workload;
}

Outcome run_lopsided(const char* balancer, Tunables more = {}) {
  more.push_back({"balancer", balancer, ""});
  more.push_back({"greedy_threshold", "0", ""});  // only the balancer can help
  return simulate(grid_machine(1, 2, 2), lopsided(), more);
}

TEST(RustySimulation, TheBalancerMovesTasksToTheEmptyDomain) {
  Outcome designed = run_lopsided("as_designed"), off = run_lopsided("off");
  EXPECT_GT(off.makespan, 9'900_ms);  // four tasks of 5 s on two CPUs
  EXPECT_LT(designed.makespan, 9'000_ms);
  EXPECT_GE(designed.counters["ext_load_balance"], 1);
  EXPECT_EQ(off.counters["ext_load_balance"], 0);
  EXPECT_EQ(off.counters["ext_lb_rounds"], 0);
}

TEST(RustySimulation, AsCodedCountsButMovesNothing) {
  Outcome coded = run_lopsided("as_coded");
  EXPECT_GE(coded.counters["ext_load_balance"], 2);
  EXPECT_GT(coded.makespan, 9'900_ms);
}

TEST(RustySimulation, PhantomMovesLessThanItBooks) {
  // Ten tasks here, none there: several are to move in a round, one does.
  Workload workload = alternate(20, Work(800'000'000), Work(10'000'000));
  auto run = [&](const char* balancer) {
    return simulate(grid_machine(1, 2, 2), workload, {{"balancer", balancer, ""}, {"greedy_threshold", "0", ""}});
  };
  Outcome phantom = run("phantom"), designed = run("as_designed");
  EXPECT_GT(phantom.counters["ext_lb_planned"], phantom.counters["ext_lb_requested"]);
  EXPECT_LE(phantom.counters["ext_lb_requested"], phantom.counters["ext_lb_rounds"]);
  EXPECT_EQ(designed.counters["ext_lb_planned"], designed.counters["ext_lb_requested"]);
  EXPECT_LT(designed.makespan, phantom.makespan);
}

TEST(RustySimulation, IdleCpusStealInTheNode) {
  auto run = [](int nodes, const char* x_numa) {
    return simulate(grid_machine(nodes, 2 / nodes, 2), lopsided(),
                    {{"balancer", "off", ""}, {"greedy_threshold_x_numa", x_numa, ""}});
  };
  Outcome near = run(1, "0"), far = run(2, "0"), far_greedy = run(2, "5");
  EXPECT_GT(near.counters["ext_greedy_local"], 0);
  EXPECT_LT(near.makespan, 6'000_ms);
  EXPECT_EQ(far.counters["ext_greedy_local"], 0);
  EXPECT_EQ(far.counters["ext_greedy_xnuma"], 0);
  EXPECT_GT(far.makespan, 9'900_ms);
  EXPECT_GT(far_greedy.counters["ext_greedy_xnuma"], 0);
  // One of the two far CPUs always has its turn at its own domain when it looks: with two domains and two looks a
  // dispatch, its counter stays at the same parity.
  EXPECT_LT(far_greedy.makespan + 2'500_ms, far.makespan);
}

// What the statistics are documented to add up to.
TEST(RustySimulation, EveryDispatchIsCountedOnce) {
  Workload workload;
  for (int i = 0; i < 30; ++i)
    testing::add_task(workload, "task" + std::to_string(i),
                      {op::compute(Work(3'000'000 * (i + 1))), op::sleep(Nanos(700'000 * i)),
                       op::compute(Work(5'000'000)), op::sleep(Nanos(90'000'000)), op::compute(Work(30'000'000))});
  for (const char* fifo : {"false", "true"}) {
    Outcome o =
        simulate(grid_machine(2, 2, 2), workload, {{"fifo_sched", fifo, ""}, {"greedy_threshold_x_numa", "2", ""}});
    EXPECT_EQ(o.counters["ext_total"], o.counters["ext_calls_running"]);
    EXPECT_EQ(o.counters["ext_task_error"], 0);
    EXPECT_EQ(o.counters["ext_calls_init_task"], o.counters["ext_calls_exit_task"]);
    EXPECT_EQ(o.counters["ext_dl_clamp"] + o.counters["ext_dl_preset"] > 0, std::string(fifo) == "false");
  }
}

TEST(RustySimulation, SlicesAreShortWhenAllCpusAreBusy) {
  Workload workload;
  for (int i = 0; i < 8; ++i) testing::add_task(workload, "hog", {op::compute(Work(1'000'000'000))});
  add_waker(workload);
  Outcome o = simulate(grid_machine(1, 1, 4), workload, {{"slice_us_overutil", "4000", ""}});
  // 2 s on each CPU, all but the first tenth of a second in slices of 4 ms (rounded up to ticks).
  EXPECT_GT(o.counters["ext_dsq"], 4 * 200);
  EXPECT_GE(o.counters["ext_retuned"], 1);
}

TEST(RustySimulation, TheSameAgain) {
  Outcome a = run_lopsided("as_designed"), b = run_lopsided("as_designed");
  EXPECT_EQ(a.makespan, b.makespan);
  EXPECT_EQ(a.counters, b.counters);
}

}  // namespace
}  // namespace simsched::rusty

// A simulation that was copied at any time goes on as the original does, under each policy that there is.
#include <gtest/gtest.h>

#include <memory>
#include <ostream>
#include <string>

#include "base/rng.h"
#include "policies/registry.h"
#include "replay/build_workload.h"
#include "scx_port/host/policies.h"
#include "sim/engine.h"
#include "sim/testing.h"
#include "topology/load/load.h"
#include "traces/read_trace.h"

namespace simsched {
namespace {

// 2 nodes of 2 caches of 2 cores of 2 threads.
Machine machine_of_16() {
  MachineSpec spec;
  spec.name = "grid";
  for (int c = 0; c < 16; ++c) spec.cpus.push_back({.core = CoreId(c / 2), .llc = LlcId(c / 4), .node = NodeId(c / 8)});
  return Machine(std::move(spec));
}

// Tasks that compute, sleep, fork, wait, yield and change what they are; some are bound, some in a group, one is real
// time.
Workload mixed_load(uint64_t seed) {
  Rng rng(seed);
  Workload w;
  w.groups.resize(3);
  const AffinityId some = w.intern_affinity(CpuSet::parse("1-5"));
  const auto below = [&](uint64_t n) { return static_cast<int64_t>(rng.below(n)); };
  const auto work = [&] { return op::compute(Work(20'000 + below(3'000'000))); };
  const auto rest = [&] { return op::sleep(Nanos(10'000 + below(2'000'000))); };
  for (int i = 0; i < 40; ++i) {
    std::vector<Op> program = {rest(), work(), rest(), work()};
    if (i % 7 == 0) program.push_back(op::yield());
    if (i % 9 == 0) program.push_back(op::set_nice(static_cast<int>(below(10))));
    if (i % 11 == 0) program.push_back(op::set_affinity(some));
    program.push_back(op::loop(0, 20));
    const TaskId parent = testing::add_task(w, "task" + std::to_string(i), program);
    w.tasks[parent.index()].group = GroupId(i % 3);
    if (i % 5 == 0) w.tasks[parent.index()].affinity = some;
    if (i == 33) {
      w.tasks[parent.index()].policy = SchedPolicy::kFifo;
      w.tasks[parent.index()].rt_priority = 5;
    }
    if (i % 4 != 0) continue;
    const TaskId maker = testing::add_task(w, "maker", {});
    std::vector<Op> forks;
    for (int k = 0; k < 4; ++k) {
      const TaskId child = testing::add_task(w, "child", {work(), rest(), work()}, maker);
      for (const Op& step : {rest(), op::fork(child), work(), op::wait_child()}) forks.push_back(step);
    }
    w.tasks[maker.index()].first_op = static_cast<uint32_t>(w.ops.size());
    w.tasks[maker.index()].nr_ops = static_cast<uint32_t>(forks.size());
    w.ops.insert(w.ops.end(), forks.begin(), forks.end());
  }
  return w;
}

struct Setting {
  std::string name, policy;
  Tunables tunables;
  std::string kernel = "6.18";

  friend void PrintTo(const Setting& setting, std::ostream* out) { *out << setting.name; }
};

class PolicyAssign : public ::testing::TestWithParam<Setting> {
 protected:
  std::unique_ptr<Engine> make(const Machine& machine, const Workload& workload) const {
    EngineOptions options;
    options.kernel.version = GetParam().kernel;
    options.record = true;
    PolicyRegistry registry(cpp_policies());
    registry.add(scx_policies());
    return std::make_unique<Engine>(machine, workload, options,
                                    registry.make(GetParam().policy, GetParam().tunables, options.kernel, machine));
  }

  static void expect_same(const Engine& one, const Engine& two) {
    const RunResult a = one.result(), b = two.result();
    EXPECT_EQ(a.status, b.status);
    EXPECT_EQ(a.metrics, b.metrics);
    EXPECT_EQ(one.nr_events(), two.nr_events());
    EXPECT_EQ(one.trace().events, two.trace().events);
  }

  void check(const Machine& machine, const Workload& workload, int times) const {
    const auto whole = make(machine, workload);
    whole->run();
    EXPECT_EQ(whole->result().status, "ok");
    Rng rng(1);
    const auto run_somewhere = [&](Engine& engine) {
      for (uint64_t events = rng.below(whole->nr_events()); events > 0 && engine.step(); --events) {
      }
    };
    const auto used = make(machine, workload);  // copied into again and again
    for (int i = 0; i < times; ++i) {
      const auto original = make(machine, workload), fresh = make(machine, workload);
      run_somewhere(*original);
      SCOPED_TRACE("copied after " + std::to_string(original->nr_events()) + " events");
      run_somewhere(*used);
      fresh->assign(*original);
      used->assign(*fresh);
      original->run();
      expect_same(*original, *whole);
      fresh->run();
      expect_same(*fresh, *whole);
      run_somewhere(*used);
      used->assign(*fresh);  // over
      expect_same(*used, *whole);
      fresh->assign(*make(machine, workload));  // from the start
      fresh->run();
      expect_same(*fresh, *whole);
      if (HasFailure()) return;
    }
  }
};

TEST_P(PolicyAssign, UnderAGeneratedLoad) { check(machine_of_16(), mixed_load(1), 20); }

TEST_P(PolicyAssign, UnderARecordedBuild) {
  const std::string path = SIMSCHED_SOURCE_DIR "/traces/samples/small-build-j4.perf.data.zst";
  const Machine machine = load_machine("vm-2c");
  check(machine, build_workload(read_trace(path), machine), 20);
}

INSTANTIATE_TEST_SUITE_P(
    Policies, PolicyAssign,
    ::testing::Values(Setting{"eevdf", "eevdf", {}}, Setting{"cfs", "cfs", {}}, Setting{"fifo", "fifo", {}},
                      Setting{"simple", "scx_simple", {}}, Setting{"simple_fifo", "scx_simple", {{"fifo", "true", ""}}},
                      Setting{"packet", "scx_packet", {}},
                      Setting{"rusty", "scx_rusty", {{"interval", "20ms", ""}, {"tune_interval", "5ms", ""}}},
                      Setting{"gate", "scx_gate", {}}, Setting{"learned", "rusty_ml", {}}, Setting{"upf", "upf_ml", {}},
                      Setting{"served", "scx_simple", {}, "7.0"}),
    [](const auto& setting) { return setting.param.name; });

}  // namespace
}  // namespace simsched

// For tests of policies by virtual deadlines.
#pragma once

#include <string>
#include <vector>

#include "policies/registry.h"
#include "sim/testing.h"

namespace simsched::deadline::testing {

inline Op ms(int64_t n) { return op::compute(Work(n * 1'000'000)); }

inline EngineOptions options_of(Nanos duration = Nanos::max(), int hz = 1000) {
  EngineOptions options;
  options.duration = duration;
  options.kernel.hz = hz;
  options.check_invariants = true;
  options.record = true;
  return options;
}

inline TaskId add(Workload& w, std::vector<Op> program, int nice = 0, int start_cpu = 0) {
  const TaskId task = simsched::testing::add_task(w, "t", program);
  w.tasks[task.index()].nice = static_cast<int8_t>(nice);
  w.tasks[task.index()].start_cpu = CpuId(start_cpu);
  return task;
}

// A simulation by name of the policy that can be looked at.
class Simulation {
 public:
  Simulation(const std::string& policy, const Machine& machine, const Workload& workload, const EngineOptions& options,
             const Tunables& tunables = {})
      : engine_(machine, workload, options, make_policy(policy, tunables, options.kernel, machine)) {}

  Engine& engine() { return engine_; }
  RunResult run() {
    engine_.run();
    return engine_.result();
  }
  // Of all tasks: the time on a CPU, in ms.
  std::vector<double> times(size_t tasks) {
    std::vector<double> list;
    for (size_t i = 0; i < tasks; ++i)
      list.push_back(static_cast<double>(engine_.time_on_cpu(TaskId(i)).count()) / 1e6);
    return list;
  }
  // (when, where) `task` was switched in.
  std::vector<std::pair<Nanos, int>> runs_of(TaskId task) {
    std::vector<std::pair<Nanos, int>> list;
    for (const TraceEvent& event : engine_.trace().events)
      if (event.kind == TraceKind::kSwitch && event.pid.value() == 1000 + task.value())
        list.emplace_back(event.time, event.cpu.value());
    return list;
  }

 private:
  Engine engine_;
};

}  // namespace simsched::deadline::testing

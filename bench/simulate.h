// How the benchmarks simulate: one policy under the load of bench/load.h.
#pragma once

#include <benchmark/benchmark.h>

#include <memory>

#include "bench/load.h"
#include "policies/registry.h"
#include "sim/engine.h"

namespace simsched::bench {

// The load on range(0) CPUs with range(1) tasks for `duration`; items are events.
inline void simulate(benchmark::State& state, const PolicyRegistry& registry, const char* policy, Nanos duration,
                     bool memory = false) {
  auto nr_cpus = static_cast<size_t>(state.range(0)), nr_tasks = static_cast<size_t>(state.range(1));
  Machine machine = memory ? uneven_machine_of(nr_cpus) : machine_of(nr_cpus);
  Workload workload = memory ? memory_workload(nr_tasks, nr_cpus) : busy_workload(nr_tasks, nr_cpus);
  EngineOptions options;
  options.duration = duration;
  options.kernel.version = "6.18";
  int64_t events = 0;
  for (auto _ : state) {
    state.PauseTiming();
    auto engine = std::make_unique<Engine>(machine, workload, options,
                                           registry.make(policy, {}, options.kernel, machine));
    state.ResumeTiming();
    engine->run();
    events += static_cast<int64_t>(engine->nr_events());
    state.PauseTiming();
    engine.reset();
    state.ResumeTiming();
  }
  state.SetItemsProcessed(events);
  state.counters["events"] = static_cast<double>(events) / static_cast<double>(state.iterations());
}

}  // namespace simsched::bench

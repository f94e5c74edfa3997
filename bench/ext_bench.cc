// Cost of a simulated scheduling event under policies that sched_ext hosts, on the load of engine_bench.cc.
#include <benchmark/benchmark.h>

#include "bench/load.h"
#include "scx_port/policies.h"
#include "sim/engine.h"

namespace simsched {
namespace {

void hosted(benchmark::State& state, const char* policy) {
  auto nr_cpus = static_cast<size_t>(state.range(0)), nr_tasks = static_cast<size_t>(state.range(1));
  Machine machine = bench::machine_of(nr_cpus);
  Workload workload = bench::busy_workload(nr_tasks, nr_cpus);
  const PolicyRegistry registry(scx_policies());
  EngineOptions options;
  options.duration = Nanos(state.range(2) * 1'000'000);
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

void scx_simple(benchmark::State& state) { hosted(state, "scx_simple"); }
void scx_packet(benchmark::State& state) { hosted(state, "scx_packet"); }
void scx_rusty(benchmark::State& state) { hosted(state, "scx_rusty"); }

// CPUs, tasks, simulated ms.
BENCHMARK(scx_simple)->Args({8, 16, 2000})->Args({64, 128, 500})->Args({8, 10'000, 2000})->Unit(benchmark::kMillisecond);
BENCHMARK(scx_packet)->Args({8, 16, 2000})->Unit(benchmark::kMillisecond);
BENCHMARK(scx_rusty)->Args({8, 16, 2000})->Args({64, 128, 500})->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace simsched

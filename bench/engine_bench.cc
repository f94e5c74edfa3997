// Cost of a simulated scheduling event, beside a raw event-queue loop with as many events pending:
// the floor that no simulator on this queue can pass. docs/performance.md has the tables.
#include <benchmark/benchmark.h>

#include "base/rng.h"
#include "bench/simulate.h"
#include "policies/registry.h"
#include "sim/engine.h"

namespace simsched {
namespace {

void raw_queue(benchmark::State& state) {
  auto pending = static_cast<size_t>(state.range(0));
  EventQueue queue;
  Rng rng(1);
  uint64_t order = 0;
  for (size_t i = 0; i < pending; ++i) queue.push({Nanos(rng.between(0, 4'000'000)), order++, 0, 0});
  for (auto _ : state) {
    Event event = queue.pop();
    queue.push({event.time + Nanos(rng.between(1, 4'000'000)), order++, 0, 0});
  }
  state.SetItemsProcessed(state.iterations());
}

void simulate(benchmark::State& state, const char* policy, Nanos duration) {
  bench::simulate(state, PolicyRegistry(cpp_policies()), policy, duration);
}

void eevdf(benchmark::State& state) { simulate(state, "eevdf", Nanos(state.range(2) * 1'000'000)); }
void eevdf_memory(benchmark::State& state) {
  bench::simulate(state, PolicyRegistry(cpp_policies()), "eevdf", Nanos(state.range(2) * 1'000'000), true);
}
void cfs(benchmark::State& state) { simulate(state, "cfs", Nanos(state.range(2) * 1'000'000)); }

// A snapshot: an engine that has run for a while, assigned to its twin.
void snapshot_eevdf(benchmark::State& state) {
  const auto nr_cpus = static_cast<size_t>(state.range(0)), nr_tasks = static_cast<size_t>(state.range(1));
  const Machine machine = bench::machine_of(nr_cpus);
  const Workload workload = bench::busy_workload(nr_tasks, nr_cpus);
  const PolicyRegistry registry(cpp_policies());
  EngineOptions options;
  options.duration = 1_s;
  const auto make = [&] {
    return std::make_unique<Engine>(machine, workload, options, registry.make("eevdf", {}, options.kernel, machine));
  };
  const auto twin = make(), engine = make();
  engine->run_until(100_ms);
  for (auto _ : state) twin->assign(*engine);
}

BENCHMARK(snapshot_eevdf)->Args({64, 1000})->Args({64, 10'000})->Unit(benchmark::kMicrosecond);
BENCHMARK(raw_queue)->Arg(100)->Arg(1'000)->Arg(10'000)->Arg(100'000)->Arg(1'000'000);
// CPUs, tasks, simulated ms.
BENCHMARK(eevdf)
    ->Args({8, 16, 2000})
    ->Args({64, 128, 500})
    ->Args({512, 1024, 100})
    ->Args({1024, 2048, 50})
    ->Args({384, 768, 5000})
    ->Args({8, 100, 2000})
    ->Args({8, 1'000, 2000})
    ->Args({8, 10'000, 2000})
    ->Args({8, 100'000, 2000})
    ->Args({8, 1'000'000, 2000})
    ->Args({8, 100'000, 20'000})
    ->Unit(benchmark::kMillisecond);
BENCHMARK(eevdf_memory)
    ->Args({8, 16, 2000})
    ->Args({64, 128, 500})
    ->Args({1024, 2048, 50})
    ->Unit(benchmark::kMillisecond);
BENCHMARK(cfs)->Args({8, 16, 2000})->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace simsched

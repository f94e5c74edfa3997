// Cost of a simulated scheduling event under policies that sched_ext hosts, on the load of engine_bench.cc.
#include <benchmark/benchmark.h>

#include "bench/simulate.h"
#include "scx_port/host/policies.h"

namespace simsched {
namespace {

void hosted(benchmark::State& state, const char* policy) {
  bench::simulate(state, PolicyRegistry(scx_policies()), policy, Nanos(state.range(2) * 1'000'000));
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

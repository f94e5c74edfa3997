// Cost of a simulated scheduling event under policies that sched_ext hosts, on the load of engine_bench.cc.
#include <benchmark/benchmark.h>

#include "bench/simulate.h"
#include "scx_port/host/bpf_ops.h"
#include "scx_port/host/policies.h"

namespace simsched {
namespace {

void hosted(benchmark::State& state, const char* policy) {
  bench::simulate(state, PolicyRegistry(scx_policies()), policy, Nanos(state.range(2) * 1'000'000));
}

void scx_simple(benchmark::State& state) { hosted(state, "scx_simple"); }
void scx_packet(benchmark::State& state) { hosted(state, "scx_packet"); }
void scx_rusty(benchmark::State& state) { hosted(state, "scx_rusty"); }

// A snapshot under such a policy: an engine that has run for a while, assigned to its twin. bytes/s are of the policy's
// memory in use; all else comes on top.
void snapshot(benchmark::State& state, const char* policy) {
  const auto nr_cpus = static_cast<size_t>(state.range(0)), nr_tasks = static_cast<size_t>(state.range(1));
  const Machine machine = bench::machine_of(nr_cpus);
  const Workload workload = bench::busy_workload(nr_tasks, nr_cpus);
  const PolicyRegistry registry(scx_policies());
  EngineOptions options;
  options.duration = Nanos(state.range(2) * 1'000'000);
  options.kernel.version = "6.18";
  const ext::ExtClass* cls = nullptr;
  const auto make = [&] {
    ClassStack stack = registry.make(policy, {}, options.kernel, machine);
    cls = static_cast<const ext::ExtClass*>(stack.back().get());
    return std::make_unique<Engine>(machine, workload, options, std::move(stack));
  };
  const auto twin = make(), engine = make();
  engine->run_until(options.duration / 2);
  const uint64_t used = static_cast<const bpf::BpfOps&>(*cls->ops()).vm().memory().used();
  for (auto _ : state) twin->assign(*engine);
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * used));
  state.counters["in_use"] = static_cast<double>(used);
}

void snapshot_simple(benchmark::State& state) { snapshot(state, "scx_simple"); }
void snapshot_packet(benchmark::State& state) { snapshot(state, "scx_packet"); }
void snapshot_rusty(benchmark::State& state) { snapshot(state, "scx_rusty"); }
void snapshot_gate(benchmark::State& state) { snapshot(state, "scx_gate"); }

// CPUs, tasks, simulated ms.
BENCHMARK(scx_simple)
    ->Args({8, 16, 2000})
    ->Args({64, 128, 500})
    ->Args({8, 10'000, 2000})
    ->Unit(benchmark::kMillisecond);
BENCHMARK(scx_packet)->Args({8, 16, 2000})->Unit(benchmark::kMillisecond);
BENCHMARK(scx_rusty)->Args({8, 16, 2000})->Args({64, 128, 500})->Unit(benchmark::kMillisecond);

BENCHMARK(snapshot_simple)->Args({64, 1000, 200})->Unit(benchmark::kMicrosecond);
BENCHMARK(snapshot_packet)->Args({64, 1000, 200})->Unit(benchmark::kMicrosecond);
BENCHMARK(snapshot_rusty)->Args({64, 1000, 200})->Args({64, 10'000, 200})->Unit(benchmark::kMicrosecond);
BENCHMARK(snapshot_gate)->Args({64, 1000, 200})->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace simsched

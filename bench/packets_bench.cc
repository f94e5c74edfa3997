// A user plane of 16 CPUs that forwards a million packets a second: simulated seconds a second of one core.
#include <benchmark/benchmark.h>
#include <yaml-cpp/yaml.h>

#include "bench/load.h"
#include "policies/registry.h"
#include "sim/engine.h"
#include "workloads/registry.h"

namespace simsched {
namespace {

// `inline`: soft interrupts do all. `workers`: they hand packets to tasks, two a class.
void packets(benchmark::State& state, const char* workers) {
  const Machine machine = bench::machine_of(16);
  const std::string params = std::string("{classes: [{name: voice, sla: 1ms, workers: ") + workers +
                             "}, {name: data, workers: " + workers +
                             "}], flows: [{class: voice, rate: 400000, sizes: {101: 1}}, "
                             "{class: data, rate: 600000, sizes: {64: 1, 1400: 1}}], "
                             "cost: {fixed: 2us}, rings: {cpus: '0-7'}}";
  const Workload workload = make_workload("upf", YAML::Load(params), "bench", 1);
  const PolicyRegistry registry(cpp_policies());
  EngineOptions options;
  options.duration = 1_s;
  int64_t events = 0, served = 0;
  for (auto _ : state) {
    Engine engine(machine, workload, options, registry.make("eevdf", {}, options.kernel, machine));
    engine.run();
    events += static_cast<int64_t>(engine.nr_events());
    served = engine.result().find("packets_all_served").value_or(0);
  }
  state.SetItemsProcessed(events);
  state.counters["served"] = static_cast<double>(served);
}
void packets_inline(benchmark::State& state) { packets(state, "0"); }
void packets_workers(benchmark::State& state) { packets(state, "8"); }

BENCHMARK(packets_inline)->Unit(benchmark::kMillisecond);
BENCHMARK(packets_workers)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace simsched

// Cost of a simulated scheduling event, beside a raw event-queue loop with as many events pending:
// the floor that no simulator on this queue can pass. docs/performance.md has the tables.
#include <benchmark/benchmark.h>

#include "base/rng.h"
#include "policies/registry.h"
#include "sim/engine.h"

namespace simsched {
namespace {

// `nr_llcs` x 8 CPUs, four LLCs to a node.
Machine machine_of(size_t nr_cpus) {
  MachineSpec spec;
  spec.name = "bench";
  for (size_t i = 0; i < nr_cpus; ++i) spec.cpus.push_back({CoreId(i), LlcId(i / 8), NodeId(i / 32)});
  return Machine(std::move(spec));
}

// Tasks that compute and sleep in turn for ever, each with times of its own, that load the machine to
// about nine tenths; tasks with the same times share a program. They start spread over their cycle, as
// if they had been there for long: of many tasks most are asleep at any time.
Workload busy_workload(size_t nr_tasks, size_t nr_cpus) {
  constexpr size_t kPrograms = 64;
  Workload w;
  w.name = "bench";
  uint32_t name = w.intern_name("task");
  Rng rng(1);
  std::vector<uint64_t> cycles;
  for (size_t i = 0; i < kPrograms; ++i) {
    int64_t work = rng.between(50'000, 1'000'000);
    auto cycle = static_cast<int64_t>(static_cast<uint64_t>(work) * nr_tasks * 10 / (nr_cpus * 9));
    cycles.push_back(static_cast<uint64_t>(cycle));
    w.ops.push_back(op::compute(Work(work)));
    w.ops.push_back(op::sleep(Nanos(std::max<int64_t>(cycle - work, 10'000))));
    w.ops.push_back(op::loop(0, 0));
  }
  for (size_t i = 0; i < nr_tasks; ++i) {
    TaskSpec spec;
    spec.name = name;
    spec.pid = static_cast<int32_t>(i) + 1;
    spec.first_op = static_cast<uint32_t>(i % kPrograms * 3);
    spec.nr_ops = 3;
    spec.start = Nanos(static_cast<int64_t>(rng.below(cycles[i % kPrograms])));
    spec.background = true;
    w.tasks.push_back(spec);
  }
  return w;
}

void raw_queue(benchmark::State& state) {
  auto pending = static_cast<size_t>(state.range(0));
  EventQueue queue;
  Rng rng(1);
  for (size_t i = 0; i < pending; ++i) queue.push(Nanos(rng.between(0, 4'000'000)), EventKind::kTimer, 0);
  for (auto _ : state) {
    Event event = queue.pop();
    queue.push(event.time + Nanos(rng.between(1, 4'000'000)), EventKind::kTimer, 0);
  }
  state.SetItemsProcessed(state.iterations());
}

void simulate(benchmark::State& state, const char* policy, Nanos duration) {
  auto nr_cpus = static_cast<size_t>(state.range(0)), nr_tasks = static_cast<size_t>(state.range(1));
  Machine machine = machine_of(nr_cpus);
  Workload workload = busy_workload(nr_tasks, nr_cpus);
  EngineOptions options;
  options.duration = duration;
  options.kernel.version = "6.18";
  int64_t events = 0;
  for (auto _ : state) {
    state.PauseTiming();
    auto engine = std::make_unique<Engine>(machine, workload, options,
                                           make_policy(policy, {}, options.kernel, machine));
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

void eevdf(benchmark::State& state) { simulate(state, "eevdf", Nanos(state.range(2) * 1'000'000)); }
void cfs(benchmark::State& state) { simulate(state, "cfs", Nanos(state.range(2) * 1'000'000)); }

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
BENCHMARK(cfs)->Args({8, 16, 2000})->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace simsched

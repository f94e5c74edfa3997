// Reading recordings. items/s are samples (of the trace file: events). SIMSCHED_TRACE names a perf.data file,
// plain or .zst; without it the sample of the repository is read.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdlib>

#include "base/files.h"
#include "traces/compressed.h"
#include "traces/complete_switches.h"
#include "traces/perf_data/perf_data.h"
#include "traces/perfetto/perfetto_writer.h"
#include "traces/read_trace.h"
#include "traces/trace_file/trace_file.h"

namespace simsched {
namespace {

std::string path() {
  const char* given = std::getenv("SIMSCHED_TRACE");
  return given != nullptr ? given : SIMSCHED_SOURCE_DIR "/traces/samples/small-build-j4.perf.data.zst";
}

Bytes plain_bytes() {
  Bytes bytes = read_file(path());
  return is_zstd(bytes.span()) ? decompress(bytes.span(), path()) : std::move(bytes);
}

void set_items(benchmark::State& state, size_t items, size_t bytes) {
  auto rounds = static_cast<int64_t>(state.iterations());
  state.SetItemsProcessed(rounds * static_cast<int64_t>(items));
  state.SetBytesProcessed(rounds * static_cast<int64_t>(bytes));
}

// Events that stand for a sample each: not those of side records.
size_t samples_of(const SchedTrace& trace) {
  return static_cast<size_t>(std::count_if(trace.events.begin(), trace.events.end(), [](const TraceEvent& event) {
    return event.kind <= TraceKind::kFork && !event.inferred;
  }));
}

void ReadPerfData(benchmark::State& state) {
  Bytes bytes = plain_bytes();
  size_t samples = 0;
  for (auto _ : state) samples = samples_of(read_perf_data(bytes.span(), path()));
  set_items(state, samples, bytes.size());
}
BENCHMARK(ReadPerfData)->Unit(benchmark::kMillisecond);

void Decompress(benchmark::State& state) {
  Bytes plain = plain_bytes();
  std::string packed = compress(std::string(plain.text()), 19);
  for (auto _ : state) benchmark::DoNotOptimize(decompress(std::as_bytes(std::span(packed)), path()).size());
  set_items(state, samples_of(read_perf_data(plain.span(), path())), plain.size());
}
BENCHMARK(Decompress)->Unit(benchmark::kMillisecond);

void CompleteSwitches(benchmark::State& state) {
  Bytes bytes = plain_bytes();
  SchedTrace read = read_perf_data(bytes.span(), path());
  for (auto _ : state) {
    state.PauseTiming();
    SchedTrace trace = read;
    state.ResumeTiming();
    complete_switches(trace);
  }
  set_items(state, samples_of(read), bytes.size());
}
BENCHMARK(CompleteSwitches)->Unit(benchmark::kMillisecond);

// From the path to the complete trace.
void ReadTrace(benchmark::State& state) {
  size_t samples = 0;
  for (auto _ : state) samples = samples_of(read_trace(path()));
  set_items(state, samples, read_file(path()).size());
}
BENCHMARK(ReadTrace)->Unit(benchmark::kMillisecond);

void ReadTraceFile(benchmark::State& state) {
  std::string bytes = trace_file_bytes(read_trace(path()));
  size_t events = 0;
  for (auto _ : state) events = read_trace_file(std::as_bytes(std::span(bytes)), path()).events.size();
  set_items(state, events, bytes.size());
}
BENCHMARK(ReadTraceFile)->Unit(benchmark::kMillisecond);

void WritePerfetto(benchmark::State& state) {
  SchedTrace trace = read_trace(path());
  size_t size = 0;
  for (auto _ : state) size = perfetto_bytes(trace, {}).size();
  set_items(state, trace.events.size(), size);
}
BENCHMARK(WritePerfetto)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace simsched

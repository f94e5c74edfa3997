#include "experiment/recording.h"

#include <algorithm>
#include <bit>
#include <filesystem>

#include "base/error.h"
#include "experiment/config.h"
#include "sim/engine.h"
#include "topology/load/load.h"
#include "traces/formats.h"
#include "traces/read_trace.h"

namespace simsched {
namespace {

void cut(SchedTrace& trace, Nanos limit) {
  auto end = std::find_if(trace.events.begin(), trace.events.end(),
                          [&](const TraceEvent& event) { return event.time > limit; });
  trace.events.erase(end, trace.events.end());
}

// The machine of a recording: a file is named relative to the recording, as its sidecar is beside it.
Machine recorded_machine(const std::string& name, const std::string& trace) {
  std::filesystem::path beside = std::filesystem::path(trace).parent_path() / name;
  std::error_code ignored;
  try {
    return load_machine(std::filesystem::is_regular_file(beside, ignored) ? beside.string() : name);
  } catch (const Error& error) {
    if (!error.where().empty()) throw;
    throw Error(trace, "was recorded on machine '" + name + "', which is unknown", error.remedy());
  }
}

int64_t slice_factor(size_t cpus) {
  return static_cast<int64_t>(std::bit_width(std::clamp(cpus, size_t{1}, size_t{8})));  // 1 + log2
}

}  // namespace

Nanos scale_base_slice(Nanos slice, size_t from, size_t to) { return slice * slice_factor(to) / slice_factor(from); }

KernelParams kernel_of(const Circumstances& circumstances, const std::string& where) {
  KernelParams kernel;
  kernel.version = circumstances.kernel;
  kernel.hz = circumstances.hz;
  kernel.autogroup = circumstances.autogroup;
  kernel.base_slice = circumstances.base_slice;
  auto preempt = parse_preempt(circumstances.preempt);
  if (!preempt) {
    throw Error(where, "preempt is '" + circumstances.preempt + "'", "one of none, voluntary, full, lazy");
  }
  kernel.preempt = *preempt;
  return kernel;
}

Recording load_recording(const std::string& path, const std::string& recorded, const std::string& machine, Nanos limit,
                         const Progress& progress) {
  SchedTrace trace = read_trace(path, recorded, progress);
  if (limit != Nanos::max()) cut(trace, limit);
  Machine loaded = machine.empty() ? recorded_machine(trace.circumstances.machine, path) : load_machine(machine);
  KernelParams kernel = kernel_of(trace.circumstances, path);
  BuildReport report;
  Workload workload = build_workload(trace, loaded, &report);
  // "some/build.perf.data.zst" and its import "build.simtrace" are both "build".
  workload.name = std::filesystem::path(trace_stem(path)).filename().string();
  return {std::move(trace), std::move(loaded), std::move(kernel), std::move(workload), report};
}

Replay replay_recording(const Recording& recording, const PolicyConfig& policy, uint64_t seed) {
  EngineOptions options;
  options.kernel = recording.kernel;
  options.seed = seed;
  options.record = true;
  Engine engine(recording.machine, recording.workload, options, policy.make(options.kernel, recording.machine));
  engine.run();
  return {engine.trace(), engine.result()};
}

}  // namespace simsched

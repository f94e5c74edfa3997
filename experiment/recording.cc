#include "experiment/recording.h"

#include <algorithm>
#include <bit>
#include <filesystem>

#include "base/error.h"
#include "experiment/config.h"
#include "replay/recorded_hz.h"
#include "sim/engine.h"
#include "topology/load/costs_yaml.h"
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

Machine equal_cpus(size_t count) {
  MachineSpec spec;
  spec.name = "equal CPUs";
  for (size_t i = 0; i < count; ++i) spec.cpus.push_back({CoreId(i), LlcId(0), NodeId(0), kCapacityScale});
  return Machine(std::move(spec));
}

// As the head of the recording describes it.
Machine machine_of_head(const std::vector<RecordedCpu>& cpus, const std::string& trace) {
  MachineSpec spec;
  spec.name = "as recorded";
  for (const RecordedCpu& cpu : cpus)
    spec.cpus.push_back({CoreId(cpu.core), LlcId(cpu.llc), NodeId(cpu.node), cpu.capacity});
  try {
    return Machine(std::move(spec));
  } catch (const Error& error) {
    throw Error(trace, "describes a machine that cannot be: " + error.problem(), "name it with --machine");
  }
}

std::string of_cpus(size_t count) { return std::to_string(count) + (count == 1 ? " CPU" : " CPUs"); }

struct FoundMachine {
  Machine machine;
  MachineSource source;
};

FoundMachine find_machine(const SchedTrace& trace, const std::string& path, const std::string& named,
                          bool may_be_unknown) {
  FoundMachine found = [&]() -> FoundMachine {
    if (!named.empty()) return {load_machine(named), MachineSource::kTold};
    const Circumstances& circumstances = trace.circumstances;
    if (circumstances.told.machine || circumstances.machine != Circumstances().machine)
      return {recorded_machine(circumstances.machine, path), MachineSource::kTold};
    if (!trace.machine.empty()) return {machine_of_head(trace.machine, path), MachineSource::kHead};
    Machine host = load_machine("host");
    const bool fits = trace.tells_cpus ? trace.nr_cpus == host.nr_cpus() : trace.nr_cpus <= host.nr_cpus();
    if (fits) return {std::move(host), MachineSource::kHost};
    if (may_be_unknown || trace.tells_cpus) return {equal_cpus(trace.nr_cpus), MachineSource::kUnknown};
    throw Error(path,
                "was recorded on " + of_cpus(trace.nr_cpus) + ", so not on this computer, which has " +
                    std::to_string(host.nr_cpus()),
                "name its machine: --machine or machine: with a preset or a file, here or in NAME.recorded.yaml");
  }();
  if (found.machine.nr_cpus() < trace.nr_cpus)
    throw Error(path,
                "was recorded on " + of_cpus(trace.nr_cpus) + ", and machine '" + found.machine.name() + "' has " +
                    std::to_string(found.machine.nr_cpus()),
                "name the machine that it was recorded on");
  return found;
}

// A tree that no task is named after says nothing of any, which is not what it was written for.
void note_unknown_trees(SchedTrace& trace) {
  for (const RecordedTree& tree : trace.circumstances.tasks) {
    if (std::find(trace.names.begin(), trace.names.end(), tree.tree) != trace.names.end()) continue;
    std::string note =
        "no task is called '" + tree.tree + "': what the sidecar's tree of that name says holds for nobody";
    if (std::find(trace.notes.begin(), trace.notes.end(), note) == trace.notes.end()) trace.notes.push_back(note);
  }
}

void check_trees(const SchedTrace& trace, const Machine& machine, const std::string& path) {
  for (const RecordedTree& tree : trace.circumstances.tasks) {
    const CpuSet lacking = CpuSet::parse(tree.cpus) - machine.cpus();
    if (!lacking.empty())
      throw Error(path,
                  "its sidecar binds '" + tree.tree + "' to CPUs " + tree.cpus + ", and the machine has " +
                      machine.cpus().str(),
                  "mend cpus: in the sidecar");
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
                         const Progress& progress, bool machine_may_be_unknown) {
  SchedTrace trace = read_trace(path, recorded, progress);
  if (limit != Nanos::max()) cut(trace, limit);
  note_unknown_trees(trace);
  FoundMachine found = find_machine(trace, path, machine, machine_may_be_unknown);
  check_trees(trace, found.machine, path);
  const std::string costs = trace_stem(path) + ".costs.yaml";
  if (std::filesystem::exists(costs)) {
    MachineSpec spec = found.machine.spec();
    read_costs_file(costs, spec);
    found.machine = Machine(std::move(spec));
    trace.notes.push_back("costs of the machine are those of " + std::filesystem::path(costs).filename().string());
  }
  if (const auto hz = trace.circumstances.told.hz ? std::nullopt : recorded_hz(trace)) {
    trace.circumstances.hz = *hz;
    trace.circumstances.told.hz = true;
    trace.notes.push_back("HZ=" + std::to_string(*hz) + ": so often the recorded ticks come");
  }
  KernelParams kernel = kernel_of(trace.circumstances, path);
  BuildReport report;
  Workload workload = build_workload(trace, found.machine, &report);
  // "some/build.perf.data.zst" and its import "build.simtrace" are both "build".
  workload.name = std::filesystem::path(trace_stem(path)).filename().string();
  return {std::move(trace), std::move(found.machine), std::move(kernel), std::move(workload), report, found.source};
}

std::vector<std::string> assumptions(const Recording& recording) {
  const Circumstances& circumstances = recording.trace.circumstances;
  std::vector<std::string> texts;
  auto assume = [&](bool told, const std::string& text) {
    if (!told) texts.push_back(text);
  };
  const std::string cpus = of_cpus(recording.machine.nr_cpus());
  assume(recording.machine_source != MachineSource::kHost, "made on this computer, of " + cpus);
  assume(recording.machine_source != MachineSource::kUnknown, "made on " + cpus + ", all equal");
  const bool alike = std::ranges::all_of(recording.trace.machine,
                                         [](const RecordedCpu& cpu) { return cpu.capacity == kFullRecordedCapacity; });
  assume(recording.machine_source != MachineSource::kHead || !alike, "all cores equally fast");
  assume(circumstances.told.kernel, "Linux " + circumstances.kernel);
  assume(circumstances.told.hz, "HZ=" + std::to_string(circumstances.hz));
  assume(circumstances.told.preempt, "preempt " + circumstances.preempt);
  assume(circumstances.told.base_slice, "the kernel's own base slice");
  assume(circumstances.told.autogroup, "no autogroup");
  return texts;
}

Replay replay_recording(const Recording& recording, const PolicyConfig& policy, uint64_t seed) {
  if (policy.machine(recording.kernel, recording.machine))
    throw Error(policy.where, policy.label + " shows its scheduler another machine than the recorded one",
                "compare it with others in an experiment: simsched run");
  EngineOptions options;
  options.kernel = recording.kernel;
  options.seed = seed;
  options.record = true;
  Engine engine(recording.machine, recording.workload, options, policy.make(options.kernel, recording.machine));
  engine.run();
  return {engine.trace(), engine.result()};
}

}  // namespace simsched

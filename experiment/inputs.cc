#include "experiment/inputs.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <set>

#include "base/duration.h"
#include "base/error.h"
#include "base/input_file.h"
#include "base/yaml/yaml_map.h"
#include "topology/load/load.h"
#include "workloads/registry.h"

namespace simsched {
namespace {

KernelParams with_config(KernelParams kernel, const KernelConfig& config) {
  if (config.version) kernel.version = *config.version;
  if (config.hz) kernel.hz = *config.hz;
  if (config.preempt) kernel.preempt = *config.preempt;
  if (config.autogroup) kernel.autogroup = *config.autogroup;
  if (config.base_slice) kernel.base_slice = *config.base_slice;
  if (config.governor) kernel.governor = *config.governor;
  if (config.idle_governor) kernel.idle_governor = *config.idle_governor;
  return kernel;
}

std::shared_ptr<const Workload> fitted(Workload workload, const std::vector<TaskRule>& tasks, const Machine& machine) {
  apply_task_rules(tasks, workload);
  workload.fit(machine.nr_cpus(), machine.spec().isolated);
  return std::make_shared<const Workload>(std::move(workload));
}

}  // namespace

Inputs::Inputs(const Config& config, const Progress& progress) : tasks_(config.tasks) {
  load_machines(config);
  if (!config.workload.mix.parts.empty()) {
    prepare_mix(config, progress);
  } else if (config.workload.trace.empty()) {
    prepare_generator(config);
  } else {
    load_trace(config, progress);
  }
  if (generator_) notes_ = workload(0, config.seeds.front())->notes;  // bad parameters and names of tasks show here
  check_policies(config);
  check_hotplug(config);
}

std::shared_ptr<const Workload> Inputs::workload(size_t machine, uint64_t seed) const {
  return generator_ ? fitted(generator_(seed), tasks_, *machines_[machine]) : replays_[machine];
}

void Inputs::load_machines(const Config& config) {
  std::set<std::string> names;
  for (const YAML::Node& node : config.machines) {
    machines_.push_back(std::make_unique<const Machine>(load_machine(node, config.file)));
    if (!names.insert(machines_.back()->name()).second) {
      throw Error(yaml_where(node, config.file), "two machines are called '" + machines_.back()->name() + "'",
                  "give one of them another name, as in {preset: vm-2c, name: other}");
    }
  }
}

void Inputs::load_trace(const Config& config, const Progress& progress) {
  const WorkloadConfig& from = config.workload;
  std::string path = find_input_file(from.trace, config.file, from.where);
  std::string recorded = from.recorded.empty() ? "" : find_input_file(from.recorded, config.file, from.where);
  Recording recording = load_recording(path, recorded, {}, from.limit, progress, !machines_.empty());
  if (machines_.empty()) machines_.push_back(std::make_unique<const Machine>(recording.machine));
  add_kernels(config.kernel, recording.kernel, recording.machine.nr_cpus());
  for (const auto& machine : machines_) replays_.push_back(fitted(recording.workload, tasks_, *machine));
  Circumstances::Told& told = recording.trace.circumstances.told;
  told.kernel |= config.kernel.version.has_value();
  told.hz |= config.kernel.hz.has_value();
  told.preempt |= config.kernel.preempt.has_value();
  told.autogroup |= config.kernel.autogroup.has_value();
  told.base_slice |= config.kernel.base_slice.has_value();
  recording.trace.events = {};
  recording.trace.calls = {};
  recording.workload = {};
  recording_ = std::make_unique<const Recording>(std::move(recording));
}

// What the kernel would refuse, or what could never happen.
void Inputs::check_hotplug(const Config& config) const {
  std::vector<HotplugEvent> changes = config.hotplug;
  std::stable_sort(changes.begin(), changes.end(), [](auto& a, auto& b) { return a.at < b.at; });
  for (const auto& machine : machines_) {
    CpuSet online = machine->cpus();
    for (const HotplugEvent& change : changes) {
      const std::string cpu = std::to_string(change.cpu.value());
      const std::string when = " at " + duration_text(change.at);
      if (change.cpu.index() >= machine->nr_cpus())
        throw Error(config.file, "hotplug names cpu " + cpu + ", which " + machine->name() + " does not have",
                    "take 0 to " + std::to_string(machine->nr_cpus() - 1));
      if (change.at >= config.duration)
        throw Error(config.file, "hotplug changes cpu " + cpu + when + ", when the simulation is over",
                    "take a time before the duration, " + duration_text(config.duration));
      if (change.online)
        online.add(change.cpu);
      else
        online.remove(change.cpu);
      if (online.empty())
        throw Error(config.file,
                    "hotplug takes cpu " + cpu + " of " + machine->name() + " offline" + when +
                        ", the last that is online: the kernel refuses (EBUSY)",
                    "leave one online");
    }
  }
}

// Each copy of a part has a seed of its own.
void Inputs::prepare_mix(const Config& config, const Progress& progress) {
  auto traces = std::make_shared<std::map<const MixPart*, Workload>>();
  auto mix = std::make_shared<const MixConfig>(config.workload.mix);
  for (const MixPart& part : mix->parts) {
    if (part.trace.empty()) continue;
    Recording recording =
        load_recording(find_input_file(part.trace, config.file, part.where), {}, {}, part.limit, progress, true);
    if (machines_.empty()) machines_.push_back(std::make_unique<const Machine>(recording.machine));
    traces->emplace(&part, std::move(recording.workload));
  }
  add_kernels(config.kernel, KernelParams{}, 1);
  auto mutex = std::make_shared<std::mutex>();
  generator_ = [mutex, mix, traces, file = config.file](uint64_t seed) {
    std::lock_guard lock(*mutex);
    return make_mix(*mix, [&](const MixPart& part, size_t copy) {
      if (auto found = traces->find(&part); found != traces->end()) return found->second;
      const auto number = static_cast<uint64_t>(&part - mix->parts.data());
      return make_workload(part.generator, part.params, file, Rng(seed + (number << 40) + (copy << 20)).next());
    });
  };
}

void Inputs::prepare_generator(const Config& config) {
  add_kernels(config.kernel, KernelParams{}, 1);
  auto entry = config.workload.generator.begin();
  // Reading one YAML node from several threads is not safe.
  auto mutex = std::make_shared<std::mutex>();
  generator_ = [mutex, name = entry->first.Scalar(), params = YAML::Node(entry->second),
                file = config.file](uint64_t seed) {
    std::lock_guard lock(*mutex);
    return make_workload(name, params, file, seed);
  };
}

void Inputs::add_kernels(const KernelConfig& config, const KernelParams& base, size_t base_cpus) {
  for (const auto& machine : machines_) {
    KernelParams kernel = base;
    // Another machine has the slice that the recorded kernel would give itself there.
    kernel.base_slice = scale_base_slice(base.base_slice, base_cpus, machine->nr_cpus());
    kernels_.push_back(with_config(std::move(kernel), config));
  }
}

void Inputs::check_policies(const Config& config) const {
  for (const PolicyConfig& policy : config.policies) {
    for (size_t i = 0; i < machines_.size(); ++i) {
      policy.make(kernels_[i], *machines_[i]);
    }
  }
}

}  // namespace simsched

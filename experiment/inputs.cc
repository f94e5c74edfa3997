#include "experiment/inputs.h"

#include <filesystem>
#include <mutex>
#include <set>

#include "base/error.h"
#include "base/yaml/yaml_map.h"
#include "experiment/recording.h"
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
  return kernel;
}

std::shared_ptr<const Workload> fitted(Workload workload, const Machine& machine) {
  workload.fit(machine.nr_cpus());
  return std::make_shared<const Workload>(std::move(workload));
}

}  // namespace

std::string find_input_file(const std::string& path, const std::string& config_file, const std::string& where) {
  std::filesystem::path beside = std::filesystem::path(config_file).parent_path() / path;  // path when it is absolute
  std::error_code ignored;
  if (std::filesystem::exists(beside, ignored)) return beside.string();
  if (std::filesystem::exists(path, ignored)) return path;
  throw Error(where, "there is no file " + path, "give its path from the config's folder or from the current one");
}

Inputs::Inputs(const Config& config, const Progress& progress) {
  load_machines(config);
  if (config.workload.trace.empty()) {
    prepare_generator(config);
  } else {
    load_trace(config, progress);
  }
  check_policies(config);
  for (const HotplugEvent& event : config.hotplug) {
    for (const auto& machine : machines_) {
      if (event.cpu.index() < machine->nr_cpus()) continue;
      throw Error(
          config.file,
          "hotplug names cpu " + std::to_string(event.cpu.value()) + ", which " + machine->name() + " does not have",
          "take 0 to " + std::to_string(machine->nr_cpus() - 1));
    }
  }
}

std::shared_ptr<const Workload> Inputs::workload(size_t machine, uint64_t seed) const {
  return generator_ ? fitted(generator_(seed), *machines_[machine]) : replays_[machine];
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
  Recording recording = load_recording(path, recorded, {}, from.limit, progress);
  if (machines_.empty()) machines_.push_back(std::make_unique<const Machine>(recording.machine));
  add_kernels(config.kernel, recording.kernel, recording.machine.nr_cpus());
  for (const auto& machine : machines_) replays_.push_back(fitted(recording.workload, *machine));
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
  generator_(config.seeds.front());  // bad parameters show here
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

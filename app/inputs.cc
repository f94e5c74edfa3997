#include "app/inputs.h"

#include <filesystem>
#include <set>

#include "app/recording.h"
#include "base/error.h"
#include "policies/registry.h"
#include "topology/load.h"
#include "topology/yaml_map.h"

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

std::unique_ptr<const Workload> fitted(Workload workload, const Machine& machine) {
  workload.fit(machine.nr_cpus());
  return std::make_unique<const Workload>(std::move(workload));
}

}  // namespace

std::string find_input_file(const std::string& path, const std::string& config_file, const std::string& where) {
  std::filesystem::path beside = std::filesystem::path(config_file).parent_path() / path;  // path when it is absolute
  std::error_code ignored;
  if (std::filesystem::exists(beside, ignored)) return beside.string();
  if (std::filesystem::exists(path, ignored)) return path;
  throw Error(where, "there is no file " + path, "give its path from the config's folder or from the current one");
}

Inputs::Inputs(const Config& config, bool quiet) {
  load_machines(config);
  if (config.workload.trace.empty()) {
    generate(config);
  } else {
    load_trace(config, quiet);
  }
  check_policies(config);
}

const Workload& Inputs::workload(size_t machine, uint64_t seed) const {
  return *workloads_.at({machine, per_seed_ ? seed : 0});
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

void Inputs::load_trace(const Config& config, bool quiet) {
  const WorkloadConfig& from = config.workload;
  std::string path = find_input_file(from.trace, config.file, from.where);
  std::string recorded = from.recorded.empty() ? "" : find_input_file(from.recorded, config.file, from.where);
  Recording recording = load_recording(path, recorded, {}, from.limit, quiet);
  if (machines_.empty()) machines_.push_back(std::make_unique<const Machine>(recording.machine));
  add_kernels(config.kernel, recording.kernel, recording.machine.nr_cpus());
  for (size_t i = 0; i < machines_.size(); ++i) workloads_[{i, 0}] = fitted(recording.workload, *machines_[i]);
}

void Inputs::generate(const Config& config) {
  throw Error(config.workload.where, "no generators yet");
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
      make_policy(policy.name, policy.tunables, kernels_[i], *machines_[i], policy.where);
    }
  }
}

}  // namespace simsched

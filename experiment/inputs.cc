#include "experiment/inputs.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <numeric>
#include <set>

#include "base/duration.h"
#include "base/error.h"
#include "base/input_file.h"
#include "base/suggest.h"
#include "base/yaml/yaml_map.h"
#include "sim/metric_table.h"
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

std::shared_ptr<const Workload> fitted(Workload workload, const std::vector<TaskRule>& tasks,
                                       const std::vector<SharedMemory>& memories, const Machine& machine) {
  apply_task_rules(tasks, workload, memories);
  workload.fit(machine.nr_cpus(), machine.spec().isolated);
  return std::make_shared<const Workload>(std::move(workload));
}

}  // namespace

Inputs::Inputs(const Config& config, const Progress& progress)
    : tasks_(config.tasks), memories_(shared_memories(config.workload.mix)) {
  load_machines(config);
  if (!config.workload.mix.parts.empty()) {
    prepare_mix(config, progress);
  } else if (config.workload.trace.empty()) {
    prepare_generator(config);
  } else {
    load_trace(config, progress);
  }
  notes_ = workload(0, config.seeds.front())->notes;  // bad parameters and names of tasks show here
  note_admission(config);
  note_throttling(config);
  check_policies(config);
  check_metrics(config);
  check_named_cpus(config);
  check_hotplug(config);
}

std::shared_ptr<const Workload> Inputs::workload(size_t machine, uint64_t seed) const {
  return generator_ ? fitted(generator_(seed), tasks_, memories_, *machines_[machine]) : replays_[machine];
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
  for (const auto& machine : machines_) replays_.push_back(fitted(recording.workload, tasks_, {}, *machine));
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

// sched_rt_runtime_us, which the deadline server replaced in 6.12.
void Inputs::note_throttling(const Config& config) {
  if (kernels_[0].at_least(6, 12)) return;
  const std::shared_ptr<const Workload> made = workload(0, config.seeds.front());
  if (std::ranges::any_of(made->tasks, [](const TaskSpec& task) { return !task.kthread && is_real_time(task.policy); }))
    notes_.push_back(
        "Linux " + kernels_[0].version +
        " throttles real-time tasks (sched_rt_runtime_us), which is left out: one that never sleeps leaves "
        "others nothing");
}

// What a generator asks for too much ends its simulation; what was recorded ran.
void Inputs::note_admission(const Config& config) {
  for (size_t i = 0; i < machines_.size(); ++i) {
    const std::shared_ptr<const Workload> made = workload(i, config.seeds.front());
    if (!made->recorded || made->reservations.empty()) continue;
    int64_t total = 0, capacity = 0;
    for (const TaskSpec& task : made->tasks)
      if (task.reservation != 0) {
        const Reservation& asked = made->reservations[task.reservation - 1u];
        total += bandwidth(asked.runtime, asked.period);
      }
    for (CpuId cpu : machines_[i]->cpus()) capacity += machines_[i]->cpu(cpu).kernel_capacity;
    const size_t servers = kernels_[i].at_least(6, 12) ? machines_[i]->nr_cpus() : 0;
    if (exceeds_bandwidth(total, capacity, servers))
      notes_.push_back("the deadline tasks of the recording ask for more than " + machines_[i]->name() +
                       " has: its kernel would refuse some of them (EBUSY), were they there at the same time");
  }
}

// Figures of packets are of classes that there are.
void Inputs::check_metrics(const Config& config) const {
  for (const std::string& metric : config.metrics) {
    const std::string name = packet_class_of(metric);
    if (name.empty() || name == "all") continue;
    const std::shared_ptr<const Workload> made = workload(0, config.seeds.front());
    std::vector<std::string> classes;
    for (const PacketClass& each : made->packets.classes) classes.push_back(each.name);
    if (std::ranges::find(classes, name) == classes.end())
      throw Error(config.metrics_where, metric + ": no packets are of class '" + name + "'",
                  classes.empty() ? "the workload has none: leave it out" : suggest(name, classes));
  }
}

// The model of a build has threads that were recorded on some machine, and goes to any.
void Inputs::check_named_cpus(const Config& config) const {
  std::vector<std::pair<std::string, CpuSet>> all;  // machines, and what policies show of them
  for (size_t i = 0; i < machines_.size(); ++i) {
    const Machine& machine = *machines_[i];
    all.emplace_back(machine.name(), machine.cpus());
    for (const PolicyConfig& policy : config.policies)
      if (const std::optional<Machine> shown = policy.machine(kernels_[i], machine))
        all.emplace_back(machine.name() + " under " + policy.label, shown->cpus());
  }
  auto check = [&](const std::vector<NamedCpus>& list) {
    for (const NamedCpus& named : list)
      for (const auto& [machine, cpus] : all) check_cpus(named, cpus, machine);
  };
  auto generated = [&](const std::string& name, const YAML::Node& params, const std::string& where) {
    check({{cpus_named_by(make_workload(name, params, config.file, config.seeds.front())), where}});
  };
  const WorkloadConfig& workload = config.workload;
  for (size_t i = 0; i < config.hotplug.size(); ++i)
    check({{CpuSet::single(config.hotplug[i].cpu), config.hotplug_where[i]}});
  for (const TaskRule& rule : config.tasks) check(rule.attributes.named_cpus);
  for (const GroupConfig& group : workload.mix.groups) check(group.named_cpus);
  for (const MixPart& part : workload.mix.parts) {
    check(part.attributes.named_cpus);
    if (part.trace.empty()) generated(part.generator, part.params, part.where);
  }
  if (workload.mix.parts.empty() && workload.trace.empty()) {
    const auto entry = workload.generator.begin();
    generated(entry->first.Scalar(), entry->second, workload.where);
  }
}

// What the kernel would refuse, or what could never happen.
void Inputs::check_hotplug(const Config& config) const {
  std::vector<size_t> order(config.hotplug.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return config.hotplug[a].at < config.hotplug[b].at; });
  for (const auto& machine : machines_) {
    CpuSet online = machine->cpus();
    for (const size_t number : order) {
      const HotplugEvent& change = config.hotplug[number];
      const std::string& where = config.hotplug_where[number];
      const std::string cpu = std::to_string(change.cpu.value());
      if (change.at >= config.duration)
        throw Error(where, "cpu " + cpu + " changes at " + duration_text(change.at) + ", when the simulation is over",
                    "take a time before the duration, " + duration_text(config.duration));
      if (change.online)
        online.add(change.cpu);
      else
        online.remove(change.cpu);
      if (online.empty())
        throw Error(where,
                    "cpu " + cpu + " of " + machine->name() +
                        " is the last that is online: the kernel refuses to take it offline (EBUSY)",
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
      const std::optional<Machine> shown = policy.machine(kernels_[i], *machines_[i]);
      try {
        policy.make(kernels_[i], shown ? *shown : *machines_[i]);
      } catch (const Error& error) {  // a scheduler knows no more of where it is named than how it is called
        if (error.where() != policy.policy->name()) throw;
        throw Error(policy.where, policy.label + ": " + error.problem(), error.remedy());
      }
    }
  }
}

}  // namespace simsched

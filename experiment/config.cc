#include "experiment/config.h"

#include <algorithm>
#include <numeric>
#include <regex>
#include <set>
#include <span>

#include "base/duration.h"
#include "base/error.h"
#include "base/files.h"
#include "base/suggest.h"
#include "base/yaml/yaml_map.h"
#include "experiment/config_keys.h"
#include "experiment/metric_name.h"
#include "workloads/registry.h"

namespace simsched {
namespace {

Nanos duration_of(const YAML::Node& node, const std::string& file, const std::string& what, Nanos low, Nanos high) {
  return read_duration(yaml_text(node, file, what), what, low, high, yaml_where(node, file));
}

constexpr Nanos kLongest = 86400_s * 365;  // ends well before the clock overflows

// The one entry of {NAME: value}.
std::pair<YAML::Node, YAML::Node> single_entry(const YAML::Node& node, const std::string& file, const std::string& what,
                                               const std::string& example) {
  if (!node.IsMap() || node.size() != 1 || !node.begin()->first.IsScalar()) {
    throw Error(yaml_where(node, file), what, "write it as " + example);
  }
  return {node.begin()->first, node.begin()->second};
}

std::vector<YAML::Node> read_machines(const YamlMap& map) {
  if (map.has("machine") && map.has("machines")) {
    throw Error(map.where("machines"), "both machine and machines are given", "keep one of them");
  }
  if (map.has("machine")) {
    YAML::Node machine = map.at("machine");
    if (machine.IsSequence()) throw Error(map.where("machine"), "machine is a list", "call it 'machines'");
    if (machine.IsNull()) throw Error(map.where("machine"), "machine is empty", "name a preset, a file, or host");
    return {machine};
  }
  if (!map.has("machines")) return {};
  YAML::Node list = map.at("machines");
  if (!list.IsSequence() || list.size() == 0) {
    throw Error(map.where("machines"), "machines is not a list", "write it as [vm-2c, desktop-2llc]");
  }
  return std::vector<YAML::Node>(list.begin(), list.end());
}

// A generator with its defaults.
YAML::Node by_name(const YAML::Node& node, const std::string& file) {
  std::vector<std::string> names;
  for (const GeneratorInfo& info : generator_infos())
    if (!info.from_file) names.push_back(info.name);
  const std::string& name = node.Scalar();
  if (std::find(names.begin(), names.end(), name) == names.end())
    throw Error(yaml_where(node, file), "no workload is called '" + name + "'",
                suggest(name, names) + "; a recording is {trace: FILE}");
  YAML::Node generator;
  generator[node] = YAML::Node();
  return generator;
}

WorkloadConfig read_workload(const YamlMap& map) {
  if (!map.has("workload")) {
    throw Error(map.file(), "no workload is given",
                "add 'workload: {trace: FILE}' or a generator (simsched workloads)");
  }
  YAML::Node node = map.at("workload");
  WorkloadConfig workload;
  workload.where = map.where("workload");
  if (node.IsMap() && node["trace"].IsDefined()) {
    YamlMap trace(node, map.file(), "a workload with a trace", names_of(trace_keys()));
    workload.trace = trace.text("trace");
    workload.where = trace.where("trace");
    if (workload.trace.empty()) throw Error(workload.where, "trace is empty", "give the path of a recording");
    if (trace.has("recorded")) workload.recorded = trace.text("recorded");
    if (trace.has("limit")) workload.limit = duration_of(trace.at("limit"), map.file(), "limit", 1_us, kLongest);
    return workload;
  }
  if (node.IsMap() && node["mix"].IsDefined()) {
    workload.mix = read_mix(node, map.file());
    return workload;
  }
  if (node.IsScalar()) {
    workload.generator = by_name(node, map.file());
    return workload;
  }
  single_entry(node, map.file(), "the workload is neither {trace: FILE} nor one generator",
               "'workload: {trace: FILE}', 'workload: {NAME: {parameters}}' or 'workload: {mix: [...]}'; simsched "
               "workloads lists the names");
  workload.generator = node;
  return workload;
}

// An enumeration's value, by its name.
template <class Enum>
Enum read_name(const YamlMap& map, const std::string& key, std::span<const char* const> names) {
  const std::string text = map.text(key);
  const std::vector<std::string> known(names.begin(), names.end());
  auto found = std::find(known.begin(), known.end(), text);
  if (found == known.end()) throw Error(map.where(key), key + " is '" + text + "'", suggest(text, known));
  return static_cast<Enum>(found - known.begin());
}

KernelConfig read_kernel(const YamlMap& map) {
  KernelConfig kernel;
  if (!map.has("kernel")) return kernel;
  YamlMap keys(map.at("kernel"), map.file(), "kernel", names_of(kernel_keys()));
  if (keys.has("version")) {
    kernel.version = keys.text("version");
    static const std::regex kVersion(R"(\d{1,3}\.\d{1,3}([.-][\w.+-]{0,60})?)");
    if (kernel.version->size() > 70 || !std::regex_match(*kernel.version, kVersion)) {
      throw Error(keys.where("version"), "version is '" + *kernel.version + "'", "write it as \"6.12\"");
    }
  }
  if (keys.has("hz")) kernel.hz = static_cast<int>(integer_of(keys, kernel_keys(), "hz"));
  if (keys.has("preempt")) kernel.preempt = read_name<Preempt>(keys, "preempt", kPreemptNames);
  if (keys.has("autogroup")) kernel.autogroup = keys.boolean("autogroup");
  if (keys.has("base_slice_ns")) {
    kernel.base_slice = duration_of(keys.at("base_slice_ns"), map.file(), "base_slice_ns", 100_us, 1_s);
  }
  if (keys.has("governor")) kernel.governor = read_name<Governor>(keys, "governor", kGovernorNames);
  if (keys.has("idle_governor"))
    kernel.idle_governor = read_name<IdleGovernor>(keys, "idle_governor", kIdleGovernorNames);
  return kernel;
}

void read_hotplug(const YamlMap& map, Config& config) {
  YAML::Node list = map.at("hotplug");
  std::string example = "write it as [{at: 1s, cpu: 2, online: false}]";
  if (!list.IsSequence()) throw Error(map.where("hotplug"), "hotplug is not a list", example);
  for (const YAML::Node& node : list) {
    YamlMap keys(node, map.file(), "a change of hotplug", names_of(hotplug_keys()));
    for (const std::string& key : names_of(hotplug_keys()))
      if (!keys.has(key)) throw Error(yaml_where(node, map.file()), "'" + key + "' is missing", example);
    config.hotplug.push_back({duration_of(keys.at("at"), map.file(), "at", 0_ns, kLongest),
                              CpuId(static_cast<int32_t>(integer_of(keys, hotplug_keys(), "cpu"))),
                              keys.boolean("online")});
    config.hotplug_where.push_back(keys.where());
  }
}

std::vector<uint64_t> read_seeds(const YamlMap& map) {
  YAML::Node node = map.at("seeds");
  if (!node.IsSequence()) return first_seeds(static_cast<size_t>(map.integer("seeds", 1, kMaxSeeds)));
  std::vector<uint64_t> seeds;
  std::set<uint64_t> seen;
  for (const YAML::Node& entry : node) {
    seeds.push_back(static_cast<uint64_t>(yaml_integer(entry, map.file(), "a seed", 0, INT64_MAX)));
    if (!seen.insert(seeds.back()).second) {
      throw Error(yaml_where(entry, map.file()), "seed " + entry.Scalar() + " is given twice", "keep one");
    }
  }
  if (seeds.empty() || seeds.size() > kMaxSeeds) {
    throw Error(map.where("seeds"), std::to_string(seeds.size()) + " seeds are given",
                "give a count, or a list of 1 to " + std::to_string(kMaxSeeds));
  }
  return seeds;
}

std::vector<std::string> read_metrics(const YamlMap& map) {
  YAML::Node list = map.at("metrics");
  if (!list.IsSequence()) {
    throw Error(map.where("metrics"), "metrics is not a list", "write it as [makespan_ns, migrations]");
  }
  std::vector<std::string> metrics;
  for (const YAML::Node& entry : list) metrics.push_back(metric_name(entry, map.file()));
  if (metrics.empty()) throw Error(map.where("metrics"), "metrics is empty", "name one, or leave it out");
  return metrics;
}

// A folder, or {folder: F, tasks: true}.
void read_output(const YamlMap& map, Config& config) {
  const YAML::Node node = map.at("output");
  std::string where = map.where("output");
  if (node.IsMap()) {
    const YamlMap output(node, map.file(), "output", names_of(output_keys()));
    if (output.has("tasks")) config.task_figures = output.boolean("tasks");
    if (!output.has("folder")) return;
    config.output = output.text("folder");
    where = output.where("folder");
  } else {
    config.output = map.text("output");
  }
  if (config.output.empty()) throw Error(where, "output is empty", "name a folder");
}

// Of a kernel that the config names; what a recorded kernel did not have may be tried all the same.
void check_age(const Config& config) {
  if (!config.kernel.version) return;
  KernelParams kernel;
  kernel.version = *config.kernel.version;
  for (const PolicyConfig& policy : config.policies) {
    const Policy::Since since = policy.policy->since();
    if (kernel.at_least(since.major, since.minor)) continue;
    throw Error(policy.where,
                policy.policy->name() + " came with Linux " + std::to_string(since.major) + "." +
                    std::to_string(since.minor) + ", and the kernel here is " + kernel.version,
                "leave out the version, or take a policy of then; simsched policies lists them");
  }
}

}  // namespace

Config read_config(const YAML::Node& root, const std::string& name, const PolicyRegistry& registry) {
  if (!root.IsMap()) {
    throw Error(name, "is not an experiment", "write 'machine:', 'workload:' and 'policies:'; see simsched run --help");
  }
  if (const YAML::Node sweep = root["sweep"]; sweep.IsDefined())
    throw Error(yaml_where(sweep, name), "a config with 'sweep' is many experiments", "run it with simsched sweep");
  YamlMap map(root, name, "an experiment", names_of(experiment_keys()));
  Config config;
  config.file = name;
  config.machines = read_machines(map);
  config.workload = read_workload(map);
  if (config.machines.empty() && config.workload.trace.empty() && !has_trace(config.workload.mix)) {
    throw Error(name, "no machine is given", "add 'machine: host' or a preset; simsched topo lists them");
  }
  config.tasks = read_task_rules(map, config.workload.mix.groups);
  config.kernel = read_kernel(map);
  config.policies = read_policies(map, registry);
  check_age(config);
  if (map.has("reference")) config.references = read_references(map, config.policies);
  if (map.has("seeds")) config.seeds = read_seeds(map);
  if (map.has("duration")) config.duration = duration_of(map.at("duration"), name, "duration", 1_us, kLongest);
  if (map.has("metrics")) config.metrics = read_metrics(map);
  config.metrics_where = map.where("metrics");
  if (map.has("output")) read_output(map, config);
  if (map.has("hotplug")) read_hotplug(map, config);
  if (map.has("jobs")) config.jobs = static_cast<int>(integer_of(map, experiment_keys(), "jobs"));
  return config;
}

Config parse_config(const std::string& text, const std::string& name, const PolicyRegistry& registry) {
  return read_yaml(text, name, "give an experiment in YAML; mind indentation, brackets and quotes",
                   [&](const YAML::Node& root) { return read_config(root, name, registry); });
}

Config load_config(const std::string& path, const PolicyRegistry& registry) {
  Bytes bytes = read_file(path);
  return parse_config(std::string(bytes.text()), path, registry);
}

std::optional<Preempt> parse_preempt(const std::string& text) {
  const auto found = std::ranges::find(kPreemptNames, text);
  if (found == std::end(kPreemptNames)) return std::nullopt;
  return static_cast<Preempt>(found - std::begin(kPreemptNames));
}

std::vector<uint64_t> first_seeds(size_t count) {
  std::vector<uint64_t> seeds(count);
  std::iota(seeds.begin(), seeds.end(), uint64_t{1});
  return seeds;
}

}  // namespace simsched

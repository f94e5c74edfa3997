#include "ml/collect/collect.h"

#include <algorithm>
#include <memory>

#include "base/error.h"
#include "base/files.h"
#include "base/input_file.h"
#include "base/parallel.h"
#include "base/suggest.h"
#include "base/yaml/yaml_map.h"
#include "experiment/experiment.h"
#include "experiment/inputs.h"
#include "ml/collect/recorded.h"
#include "topology/load/load.h"

namespace simsched::ml {
namespace {

Config read_run(const YAML::Node& node, const std::string& file, const PolicyRegistry& registry) {
  if (!node.IsScalar()) return read_config(node, file, registry);
  return load_config(find_input_file(node.Scalar(), file, yaml_where(node, file)), registry);
}

void read_sites(const YamlMap& map, Collected& what) {
  static const std::vector<std::string> kSites = {"wake", "fork", "steal", "balance"};
  const YAML::Node list = map.at("sites");
  if (!list.IsSequence() || list.size() == 0)
    throw Error(map.where("sites"), "sites is not a list", "write it as [steal, balance]");
  what.sites = {};
  for (const YAML::Node& node : list) {
    const std::string name = yaml_text(node, map.file(), "a site");
    const auto site = std::ranges::find(kSites, name);
    if (site == kSites.end())
      throw Error(yaml_where(node, map.file()), "there is no site '" + name + "'", suggest(name, kSites));
    what.sites[static_cast<size_t>(site - kSites.begin())] = true;
  }
}

void read_recordings(const YamlMap& map, std::vector<DatasetConfig::Recording>& recordings) {
  const YAML::Node list = map.at("recorded");
  if (!list.IsSequence() || list.size() == 0)
    throw Error(map.where("recorded"), "recorded is not a list", "write it as [{file: F, machine: M}]");
  for (const YAML::Node& node : list) {
    const YamlMap one(node, map.file(), "a recording of decisions", {"file", "machine"});
    for (const char* key : {"file", "machine"})
      if (!one.has(key))
        throw Error(one.where(), std::string("the recording has no '") + key + "'", "write {file: F, machine: M}");
    const std::string file = one.text("file");
    recordings.push_back(
        {find_input_file(file, map.file(), one.where("file")), load_machine(one.at("machine"), map.file())});
  }
}

DatasetConfig read(const YAML::Node& root, const std::string& name, const PolicyRegistry& registry) {
  if (!root.IsMap()) throw Error(name, "does not say what to collect", "write 'runs:'; see simsched dataset --help");
  const YamlMap map(root, name, "a dataset", {"runs", "recorded", "sites", "queues", "rows", "seed"});
  DatasetConfig config;
  config.file = name;
  if (map.has("runs") || !map.has("recorded")) {
    const YAML::Node runs = map.at("runs");
    if (!runs.IsDefined() || !runs.IsSequence() || runs.size() == 0)
      throw Error(map.where("runs"), "runs is not a list", "give experiments, or the names of their files");
    for (const YAML::Node& run : runs) config.runs.push_back(read_run(run, name, registry));
  }
  if (map.has("recorded")) read_recordings(map, config.recordings);
  if (map.has("sites")) read_sites(map, config.what);
  if (map.has("queues")) {
    const std::string queues = map.text("queues");
    if (queues != "cpu" && queues != "llc")
      throw Error(map.where("queues"), "queues is '" + queues + "'", "a queue is that of a cpu or of an llc");
    config.what.queues_of_llcs = queues == "llc";
  }
  if (map.has("rows")) {
    const YamlMap rows(map.at("rows"), name, "rows", {"stay", "move"});
    auto count = [&](const char* label) { return static_cast<size_t>(rows.integer(label, 1, kMaxRows)); };
    config.rows = {count("stay"), count("move"), rows.where()};
  }
  config.seed = static_cast<uint64_t>(map.integer_or("seed", 0, INT64_MAX, 1));
  return config;
}

}  // namespace

DatasetConfig parse_dataset_config(const std::string& text, const std::string& name, const PolicyRegistry& registry) {
  return read_yaml(text, name, "give a dataset in YAML; mind indentation, brackets and quotes",
                   [&](const YAML::Node& root) { return read(root, name, registry); });
}

Dataset collect(const DatasetConfig& config, int jobs, const Progress& progress) {
  struct Run {
    const Config& config;
    const Inputs& inputs;
    Experiment experiment;
  };
  std::vector<std::unique_ptr<const Inputs>> inputs;
  std::vector<Run> runs;
  for (const Config& run : config.runs) {
    inputs.push_back(std::make_unique<const Inputs>(run));
    for (const Experiment& experiment : list_experiments(run, *inputs.back())) {
      runs.push_back({run, *inputs.back(), experiment});
    }
  }
  std::vector<Dataset> parts(runs.size());
  auto simulate = [&](size_t i) {
    const auto& [run, in, experiment] = runs[i];
    Origin origin{in.workload(experiment.machine, experiment.seed)->name, in.machine(experiment.machine).name(),
                  run.policies[experiment.policy].label, experiment.seed};
    Collector collector(config.what, std::move(origin));
    run_experiment(experiment, run, in, &collector);
    parts[i] = collector.take();
  };
  parallel_for(runs.size(), jobs, simulate, progress);
  Dataset all;
  for (const auto& [path, machine] : config.recordings)
    append(all, decisions_of(collect::read_decisions(read_file(path).span(), path), machine, config.what, path),
           config.file);
  for (Dataset& part : parts) {
    append(all, part, config.file);
    part = {};
  }
  if (all.rows() == 0)
    throw Error(config.file, "nothing was decided in these runs", "take machines of several CPUs and loads that wait");
  if (!config.rows) return all;
  return sample(all, config.rows->stay, config.rows->move, config.seed, config.rows->where);
}

}  // namespace simsched::ml

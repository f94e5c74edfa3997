#include "ml/collect/collect.h"

#include <algorithm>
#include <memory>

#include "base/error.h"
#include "base/files.h"
#include "base/input_file.h"
#include "base/parallel.h"
#include "base/suggest.h"
#include "base/temporary_folder.h"
#include "base/yaml/yaml_map.h"
#include "base/yaml/yaml_values.h"
#include "experiment/experiment.h"
#include "experiment/inputs.h"
#include "ml/collect/recorded.h"
#include "ml/model/features.h"
#include "ml/model/model_file.h"
#include "scx_port/schedulers/scheduler.h"
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

RolloutOptions read_outcomes(const YamlMap& map) {
  for (const char* other : {"recorded", "sites", "queues"})
    if (map.has(other))
      throw Error(map.where(other),
                  std::string("'") + other + "' does not go with outcomes, which are of a model's own decisions",
                  "leave one of them out");
  const YamlMap one(map.at("outcomes"), map.file(), "outcomes", {"every", "most", "horizon"});
  RolloutOptions options;
  options.every = static_cast<uint64_t>(one.integer_or("every", 1, 1'000'000'000, 20));
  options.most = static_cast<size_t>(one.integer_or("most", 1, 1'000'000, 100));
  options.horizon = one.has("horizon") ? yaml_duration(one, "horizon", 100_us, 10_s) : 20_ms;
  return options;
}

// Whether the model of a scheduler that comes with simsched has inputs of its own, not those of a dataset.
bool has_own_inputs(const Policy& policy) {
  for (const Scheduler& scheduler : schedulers()) {
    if (scheduler.name != policy.name()) continue;
    const UserHalfMaker maker = scheduler.options()->user_half();
    const std::unique_ptr<UserHalf> half = maker ? maker() : nullptr;
    return half && half->model() != nullptr && half->model()->model.encoding != FEATURES_ENCODING;
  }
  return false;
}

void check_asks_a_model(const PolicyConfig& policy, const PolicyRegistry& registry) {
  const std::vector<TunableReader::Info> tunables = registry.tunables(*policy.policy);
  if (std::ranges::find(tunables, "model", &TunableReader::Info::key) == tunables.end())
    throw Error(policy.where, policy.policy->name() + " asks no model, whose answers could be tried",
                "take a policy with a tunable 'model', as rusty_ml");
  const auto refuse = [&](const std::string& why, const std::string& remedy) {
    throw Error(policy.where, policy.policy->name() + " " + why, remedy);
  };
  if (has_own_inputs(*policy.policy))
    refuse("asks a model with inputs of its own, which no dataset has", "take rusty_ml");
  for (const Tunable& tunable : policy.tunables) {
    const std::string value = tunable.value.str();
    if (tunable.key == "experts")
      refuse("with 'experts' asks several models in turn", "name one of them as its 'model'");
    if ((tunable.key == "gate" && value != "model") || (tunable.key == "model" && value == "none"))
      refuse("with '" + tunable.key + ": " + value + "' asks no model, whose answers could be tried",
             "leave '" + tunable.key + "' out");
  }
}

// The policy, with a model that leaves everything open where it has none.
PolicyConfig asking(const PolicyConfig& policy, const std::string& open_model) {
  PolicyConfig with = policy;
  const auto model = std::ranges::find(with.tunables, "model", &Tunable::key);
  if (model == with.tunables.end()) with.tunables.push_back({"model", open_model, policy.where});
  return with;
}

Dataset outcomes_of(const std::vector<Rollout>& rows, Origin origin) {
  Dataset data;
  data.origins = {std::move(origin)};
  for (const Rollout& row : rows) {
    data.add(row.features, row.outcome > 0, 0);
    data.outcome.push_back(static_cast<float>(row.outcome));
  }
  return data;
}

DatasetConfig read(const YAML::Node& root, const std::string& name, const PolicyRegistry& registry) {
  if (!root.IsMap()) throw Error(name, "does not say what to collect", "write 'runs:'; see simsched dataset --help");
  const YamlMap map(root, name, "a dataset", {"runs", "recorded", "sites", "queues", "rows", "outcomes", "seed"});
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
  if (map.has("outcomes")) {
    config.outcomes = read_outcomes(map);
    for (const Config& run : config.runs)
      for (const PolicyConfig& policy : run.policies) check_asks_a_model(policy, registry);
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
  const TemporaryFolder folder("simsched-dataset");
  const std::string open_model = folder.file("open.smlp");
  if (config.outcomes) {
    mlp::ModelFile open{mlp::make_model(mlp::Int8Net{}, mlp::kFeatureRanges, 1, 1), {}};
    open.golden = mlp::golden_vectors(open.model, 1, 1);
    mlp::write_model(open, open_model);
  }
  std::vector<Dataset> parts(runs.size());
  auto simulate = [&](size_t i) {
    const auto& [run, in, experiment] = runs[i];
    Origin origin{in.workload(experiment.machine, experiment.seed)->name, in.machine(experiment.machine).name(),
                  run.policies[experiment.policy].label, experiment.seed};
    if (config.outcomes) {
      RolloutOptions options = *config.outcomes;
      options.seed = config.seed;
      const PolicyConfig policy = asking(run.policies[experiment.policy], open_model);
      parts[i] =
          outcomes_of(rollouts(run, in, experiment.machine, experiment.seed, policy, options), std::move(origin));
      return;
    }
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

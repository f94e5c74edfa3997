#include "ml/search/scenario.h"

#include <atomic>
#include <set>

#include "base/error.h"
#include "base/parallel.h"
#include "base/yaml/yaml_map.h"
#include "ml/search/draws.h"
#include "topology/load/load.h"

namespace simsched::search {
namespace {

const std::vector<std::string> kKeys = {"name", "machine", "workload", "kernel", "tasks", "duration", "hotplug"};

// An experiment file as text of its own: what is read of it in several threads shares nothing with the family.
std::string experiment_text(const Family& family, const std::string& file, Rng& rng, const std::string& any_policy) {
  YAML::Node experiment(YAML::NodeType::Map);
  const YAML::Node machine = drawn(family.node["machine"], file, rng, std::nullopt);
  const size_t cpus = load_machine(machine, file).nr_cpus();
  experiment["machine"] = machine;
  for (const auto& entry : family.node) {
    const std::string key = entry.first.Scalar();
    if (key != "name" && key != "machine") experiment[key] = drawn(entry.second, file, rng, cpus);
  }
  experiment["policies"].push_back(any_policy);  // simulate() has others
  return YAML::Dump(experiment);
}

}  // namespace

std::vector<Family> read_families(const YAML::Node& list, const std::string& file, const std::string& key) {
  if (!list.IsSequence() || list.size() == 0)
    throw Error(yaml_where(list, file), "'" + key + "' is not a list of families",
                "write - {name: N, machine: ..., workload: ...} for each");
  std::vector<Family> families;
  std::set<std::string> names;
  for (const YAML::Node& node : list) {
    const YamlMap map(node, file, "a family", kKeys);
    for (const char* needed : {"name", "machine", "workload"})
      if (!map.has(needed)) throw Error(map.where(), std::string("a family has no '") + needed + "'", "add it");
    families.push_back({map.text("name"), node, map.where()});
    if (!names.insert(families.back().name).second)
      throw Error(map.where("name"), "two families are called '" + families.back().name + "'", "rename one");
  }
  return families;
}

Scenario draw_scenario(const Family& family, const std::string& file, uint64_t seed, const PolicyRegistry& registry) {
  Rng rng(seed);
  std::string text;
  try {
    text = experiment_text(family, file, rng, registry.names().front());
    Scenario scenario{family.name, seed, parse_config(text, file, registry), nullptr};
    scenario.config.seeds = {rng.next() >> 1};
    scenario.inputs = std::make_shared<const Inputs>(scenario.config);
    return scenario;
  } catch (const Error& error) {
    // Lines of the text that was drawn are nobody's.
    const bool nobodys = error.where() == file || (!text.empty() && error.where().starts_with(file + ":"));
    throw Error(nobodys || error.where().empty() ? family.where : error.where(),
                "family '" + family.name + "': " + error.problem(), error.remedy());
  }
}

std::vector<Scenario> draw_scenarios(const std::vector<Family>& families, const std::string& file, size_t count,
                                     size_t first, const Rng& rng, const PolicyRegistry& registry) {
  std::vector<Scenario> scenarios;
  for (size_t i = 0; i < count; ++i)
    scenarios.push_back(draw_scenario(families[(first + i) % families.size()], file, rng.split(i).next(), registry));
  return scenarios;
}

Figures figures_of(const RunResult& result) {
  return {result.metric("makespan_ns"),         result.metric("migrations"),
          result.metric("wake_latency_ns_p99"), result.metric("runnable_wait_ns_max"),
          result.metric("energy_uj"),           result.exit_code != 0 || result.metric("tasks_unfinished") > 0};
}

FiguresTable simulate(const std::vector<Scenario>& scenarios, std::span<const PolicyConfig> policies, int jobs,
                      const std::function<bool()>& stop, const Progress& progress) {
  FiguresTable table(scenarios.size(), std::vector<Figures>(policies.size()));
  std::vector<Config> configs;
  for (const Scenario& scenario : scenarios) {
    configs.push_back(scenario.config);
    configs.back().policies.assign(policies.begin(), policies.end());
  }
  std::atomic<bool> stopped = false;
  auto run = [&](size_t i) {
    if (stopped || (stop && stop())) {
      stopped = true;
      return;
    }
    const size_t scenario = i / policies.size(), policy = i % policies.size();
    const Config& config = configs[scenario];
    table[scenario][policy] =
        figures_of(run_experiment({0, policy, config.seeds[0], false}, config, *scenarios[scenario].inputs).result);
  };
  parallel_for(scenarios.size() * policies.size(), jobs, run, progress);
  if (stopped) table.clear();
  return table;
}

}  // namespace simsched::search

// Scenarios: experiments on which candidates are tried, drawn from families of them. All that are compared see the
// same.
#pragma once

#include <yaml-cpp/yaml.h>

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "experiment/experiment.h"

namespace simsched::search {

// Machine, workload, kernel, tasks and duration as in an experiment file, with draws in them (ml/search/draws.h).
struct Family {
  std::string name;
  YAML::Node node;
  std::string where;  // "file:line"
};

// The list of a config. Throws Error with file and line.
std::vector<Family> read_families(const YAML::Node& list, const std::string& file, const std::string& key);

struct Scenario {
  std::string family;
  uint64_t seed = 0;
  Config config;
  std::shared_ptr<const Inputs> inputs;
};

// The same for the same seed. Throws Error with the line of the family.
Scenario draw_scenario(const Family& family, const std::string& file, uint64_t seed, const PolicyRegistry& registry);

// `count` of them, in turn from each family, the first being `first`; each with a stream of its own of `rng`.
std::vector<Scenario> draw_scenarios(const std::vector<Family>& families, const std::string& file, size_t count,
                                     size_t first, const Rng& rng, const PolicyRegistry& registry);

// What counts of a run.
struct Figures {
  int64_t makespan = 0, migrations = 0, wake_p99 = 0, longest_wait = 0, energy = 0;
  bool failed = false;  // the policy was thrown out, or left tasks unfinished

  friend bool operator==(const Figures&, const Figures&) = default;
};
Figures figures_of(const RunResult& result);

// By scenario, then by policy; the same with any number of jobs. `stop` is asked before each simulation: when it says
// so the answer is empty.
using FiguresTable = std::vector<std::vector<Figures>>;
FiguresTable simulate(const std::vector<Scenario>& scenarios, std::span<const PolicyConfig> policies, int jobs,
                      const std::function<bool()>& stop = {}, const Progress& progress = {});

}  // namespace simsched::search

// The experiment file of `simsched run`, as written. docs/config.md describes every key.
//
// Reading it opens no other file: machines, recordings and generators stay as named and are loaded by
// experiment/inputs.h. Paths that are tunables of policies are looked for.
#pragma once

#include <yaml-cpp/yaml.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/units.h"
#include "experiment/mix.h"
#include "experiment/policy_config.h"
#include "experiment/reference.h"
#include "experiment/task_rules.h"
#include "sim/engine.h"
#include "sim/kernel_params.h"

namespace simsched {

// A recording, a generator, or a mix of them.
struct WorkloadConfig {        // NOLINT(bugprone-exception-escape): assigning a YAML::Node may throw
  std::string trace;           // path of a recording; empty: a generator
  std::string recorded;        // path of its sidecar; empty: the one beside it
  Nanos limit = Nanos::max();  // replay only this much from the start of the recording
  YAML::Node generator;        // {NAME: {parameters}}
  MixConfig mix;               // of several; empty: one of the above
  std::string where;
};

// What the config says about the simulated kernel; the rest is the recording's, or KernelParams' defaults.
struct KernelConfig {
  std::optional<std::string> version;
  std::optional<int> hz;
  std::optional<Preempt> preempt;
  std::optional<bool> autogroup;
  std::optional<Nanos> base_slice;
  std::optional<Governor> governor;
  std::optional<IdleGovernor> idle_governor;
};

struct Config {
  std::string file;                  // its path, for messages and for paths relative to it
  std::vector<YAML::Node> machines;  // as load_machine() takes them; empty: the recording's own machine
  WorkloadConfig workload;
  std::vector<TaskRule> tasks;
  KernelConfig kernel;
  std::vector<PolicyConfig> policies;
  std::vector<uint64_t> seeds = {1};
  Nanos duration = Nanos::max();
  std::vector<std::string> metrics;  // to show; empty: default_metrics()
  std::string metrics_where;         // file and line
  std::string output;                // folder; empty: not given
  bool task_figures = false;         // results have figures of each task, and of each name
  int jobs = 0;                      // 0: one a CPU
  std::vector<HotplugEvent> hotplug;
  std::vector<std::string> hotplug_where;  // of each: file and line
  std::vector<Reference> references;  // what others have measured
};

// `name` stands for the file in messages; the policies that it may name are those of `registry`, which must live as
// long as the Config. Throws Error with file and line.
Config parse_config(const std::string& text, const std::string& name, const PolicyRegistry& registry);
Config read_config(const YAML::Node& root, const std::string& name, const PolicyRegistry& registry);
Config load_config(const std::string& path, const PolicyRegistry& registry);

// By their values.
inline constexpr const char* kPreemptNames[] = {"none", "voluntary", "full", "lazy"};
// None for anything else.
std::optional<Preempt> parse_preempt(const std::string& text);

// Seeds 1 .. count.
std::vector<uint64_t> first_seeds(size_t count);
inline constexpr int kMaxSeeds = 100000;
inline constexpr int kMaxJobs = 4096;

}  // namespace simsched

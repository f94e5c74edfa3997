// simsched export: a policy as a folder from which a machine loads it into its kernel.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "app/commands.h"
#include "app/outputs.h"
#include "app/run_config.h"
#include "base/error.h"
#include "base/suggest.h"
#include "experiment/config.h"
#include "experiment/experiment.h"
#include "experiment/inputs.h"
#include "experiment/policies.h"
#include "report/comparison.h"
#include "report/summary.h"
#include "scx_port/export/exporter.h"
#include "topology/load/load.h"

namespace simsched {
namespace {

constexpr const char* kHelp = R"(
The folder holds the BPF object of the very source that is simulated, a static loader, a systemd unit, a README for the
administrator, and manifest.json: parameters, the results that justified the choice, hashes. The same input gives the
same bytes. Of a CONFIG with several policies the best by its first metric is exported, unless --policy names one.

Examples:
  simsched export scx_simple -o simple                        a shipped policy, as it is
  simsched export my.bpf.c -o mine                            any sched_ext scheduler
  simsched export experiment.yaml -o winner                   simulate, and export the best
  simsched export experiment.yaml --policy scx_rusty -o rusty simulate, and export this one
  winner/simsched-loader --check                              on the machine that is to run it
  simsched verify winner --vm                                 the proof, on a real kernel in a virtual machine
)";

struct Arguments {
  std::string subject, output, policy;
  bool quiet = false;
};

// Null: it cannot be exported.
const ExtPolicy* hosted(const Policy& policy) { return dynamic_cast<const ExtPolicy*>(&policy); }

// Means over the seeds, rounded: integers are the same everywhere.
nlohmann::ordered_json results_of(const std::vector<RunResult>& results) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const MachineRuns& machine : group_runs(results)) {
    for (const PolicyRuns& policy : machine.policies) {
      nlohmann::ordered_json entry;
      entry["machine"] = machine.machine;
      entry["workload"] = policy.runs.front()->workload;
      entry["policy"] = policy.policy;
      entry["seeds"] = policy.runs.size();
      for (const auto& [name, first] : policy.runs.front()->figures()) {
        int64_t sum = 0;
        for (const RunResult* run : policy.runs) sum += run->metric(name);
        entry["metrics"][name] = sum / static_cast<int64_t>(policy.runs.size());
      }
      list.push_back(entry);
    }
  }
  return list;
}

bool can_be_exported(const PolicyConfig& policy) { return hosted(*policy.policy) != nullptr; }

// The index of the policy to export.
size_t choose(const Config& config, const std::string& wanted, const std::vector<RunResult>& results) {
  std::vector<std::string> labels;
  for (const PolicyConfig& policy : config.policies)
    if (can_be_exported(policy)) labels.push_back(policy.label);
  if (labels.empty()) {
    throw Error(config.file, "names no policy that can be exported",
                "add one that sched_ext hosts: see 'simsched policies'");
  }
  auto index_of = [&](const std::string& label) {
    for (size_t i = 0; i < config.policies.size(); ++i)
      if (config.policies[i].label == label && can_be_exported(config.policies[i])) return i;
    throw Error("--policy", "no policy '" + label + "' in " + config.file + " can be exported", suggest(label, labels));
  };
  if (!wanted.empty()) return index_of(wanted);
  const std::string metric = config.metrics.front();
  const Metric* known = find_metric(metric);
  const int better = known != nullptr && known->better == Better::kHigher ? 1 : -1;
  std::string best;
  double best_mean = 0;
  const std::vector<MachineRuns> groups = group_runs(results);
  const std::vector<bool> may_win = contenders(groups.front());
  for (size_t i = 0; i < may_win.size(); ++i) {
    const PolicyRuns& policy = groups.front().policies[i];
    if (std::find(labels.begin(), labels.end(), policy.policy) == labels.end()) continue;
    const std::vector<double> values = policy.values(metric);
    if (!may_win[i] || values.empty()) continue;
    const double mean = mean_estimate(values).mean;
    if (best.empty() || (mean - best_mean) * better > 0) {
      best = policy.policy;
      best_mean = mean;
    }
  }
  if (best.empty())
    throw Error(config.file, "no policy that can be exported did all the work and starved nobody",
                "name one with --policy");
  return index_of(best);
}

// Of a label a name for files: "scx_rusty as_coded" becomes "scx_rusty_as_coded".
std::string file_name(std::string label) {
  for (char& c : label)
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '_' && c != '-') c = '_';
  return label;
}

int write_folder(const Arguments& arguments, const ExportRequest& request) {
  Outputs outputs;
  outputs.add_folder(arguments.output);
  for (auto& [name, content] : export_files(request)) outputs.add_file(arguments.output + "/" + name, content);
  outputs.write();
  make_loader_executable(arguments.output);
  if (arguments.quiet) return 0;
  fmt::print("exported {} to {}\n", request.policy, arguments.output);
  fmt::print("prove it: simsched verify {} --vm\nload it:  {}/{}\n", arguments.output, arguments.output, kLoaderFile);
  return 0;
}

int export_policy(const Arguments& arguments, const PolicyConfig& policy, const Machine& machine,
                  const KernelParams& kernel, const std::string& results) {
  const HostedPolicy host = hosted(*policy.policy)->host({kernel, machine, policy.where}, policy.tunables);
  return write_folder(arguments, {file_name(policy.label), host, machine, policy.where, results, SIMSCHED_VERSION});
}

// A name or a source, with nothing simulated.
int export_plain(const Arguments& arguments, const PolicyRegistry& registry) {
  const std::string& subject = arguments.subject;
  std::optional<PolicyConfig> policy = policy_from_file(subject, registry);
  if (!policy) {
    std::vector<std::string> names;
    for (const auto& row : registry.policies())
      if (hosted(*row) && !row->is_file()) names.push_back(row->name());
    if (std::find(names.begin(), names.end(), subject) == names.end())
      throw Error("", "'" + subject + "' is neither a policy that can be exported nor a .yaml file",
                  suggest(subject, names));
    policy = policy_from_name(subject, registry, subject);
  }
  if (!arguments.policy.empty()) throw Error("--policy", "there is only one policy here", "leave it out");
  const Machine host = load_machine(YAML::Node("host"), "host");
  return export_policy(arguments, *policy, host, KernelParams{}, "");
}

int export_config(const Arguments& arguments, const PolicyRegistry& registry) {
  Config config = load_config(arguments.subject, registry);
  if (config.metrics.empty()) config.metrics = default_metrics();
  if (!arguments.policy.empty()) choose(config, arguments.policy, {});  // before anything is simulated
  const Inputs inputs = load_inputs(config, arguments.quiet);
  const std::vector<Experiment> experiments = list_experiments(config, inputs);
  std::vector<RunResult> results;
  for (const Outcome& outcome : run_all(experiments, config, inputs, arguments.quiet))
    results.push_back(outcome.result);
  const size_t chosen = choose(config, arguments.policy, results);
  for (const RunResult& result : results) {
    if (result.policy == config.policies[chosen].label && result.exit_code != 0)
      throw Error(config.policies[chosen].where, "its simulation ended with: " + result.status,
                  "mend the policy first");
  }
  return export_policy(arguments, config.policies[chosen], inputs.machine(0), inputs.kernel(0),
                       results_of(results).dump());
}

int run(const Arguments& arguments) {
  check_output_folder(arguments.output);
  loader_path();
  const bool config = arguments.subject.ends_with(".yaml") || arguments.subject.ends_with(".yml");
  const PolicyRegistry registry = all_policies();
  return config ? export_config(arguments, registry) : export_plain(arguments, registry);
}

Action add(CLI::App& command) {
  auto arguments = std::make_shared<Arguments>();
  command.add_option("POLICY|CONFIG", arguments->subject, "A policy's name, a .bpf.c file, or an experiment")
      ->required();
  command.add_option("-o,--output", arguments->output, "The folder to write")->required();
  command.add_option("--policy", arguments->policy, "Which of the experiment's policies");
  command.add_flag("-q,--quiet", arguments->quiet, "Print nothing but errors");
  command.footer(kHelp);
  return [arguments] { return run(*arguments); };
}

}  // namespace

Command export_command() {
  return {"export", "a policy as a folder from which a machine loads it into its kernel", add};
}

}  // namespace simsched

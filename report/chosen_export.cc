#include "report/chosen_export.h"

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/error.h"
#include "base/suggest.h"
#include "report/summary.h"
#include "topology/load/load.h"

namespace simsched {
namespace {

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

ChosenExport chosen(const PolicyConfig& policy, const Machine& machine, const KernelParams& kernel,
                    const std::string& results) {
  return {hosted(*policy.policy)->host({kernel, machine, policy.where}, policy.tunables), machine,
          file_name(policy.label), policy.where, results};
}

}  // namespace

ChosenExport choose_export(const Config& config, const Inputs& inputs, const std::string& wanted,
                           const std::vector<RunResult>& results) {
  const PolicyConfig& policy = config.policies[choose(config, wanted, results)];
  for (const RunResult& result : results) {
    if (result.policy == policy.label && result.exit_code != 0)
      throw Error(policy.where, "its simulation ended with: " + result.status, "mend the policy first");
  }
  return chosen(policy, inputs.machine(0), inputs.kernel(0), results_of(results).dump());
}

void check_export(const Config& config, const std::string& wanted) {
  if (!wanted.empty()) choose(config, wanted, {});
}

ChosenExport plain_export(const std::string& subject, const PolicyRegistry& registry) {
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
  return chosen(*policy, load_machine("host"), KernelParams{}, "");
}

}  // namespace simsched

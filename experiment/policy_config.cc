#include "experiment/policy_config.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include "base/error.h"
#include "base/input_file.h"
#include "base/suggest.h"
#include "base/yaml/yaml_tunables.h"

namespace simsched {
namespace {

constexpr int kDeepest = 2;        // a list in a map
constexpr int kDeepestOfFile = 8;  // the members of a structure in an array in a map of a scheduler's, or in a run

std::string find_path(const TunableValue& value, const TunableReader::Info& info, const std::string& file,
                      const std::string& where) {
  if (!value.text()) return value.str();  // the reader says what is wrong with it
  if (std::find(info.words.begin(), info.words.end(), *value.text()) != info.words.end()) return *value.text();
  return find_input_file(*value.text(), file, where);
}

// Paths are written as seen from the config.
void find_paths(PolicyConfig& config, const PolicyRegistry& registry, const std::string& file) {
  for (const TunableReader::Info& info : registry.tunables(*config.policy)) {
    if (!info.is_path) continue;
    for (Tunable& tunable : config.tunables) {
      if (tunable.key != info.key) continue;
      if (!tunable.value.list()) {
        tunable.value = find_path(tunable.value, info, file, tunable.where);
        continue;
      }
      TunableValue::List found;
      for (const TunableValue& item : *tunable.value.list())
        found.push_back(find_path(item, info, file, tunable.where));
      tunable.value = TunableValue(std::move(found));
    }
  }
}

// Where a policy's files lie is no setting of it.
bool is_place(const PolicyConfig& config, const std::string& key) {
  return config.policy->is_file() && (key == config.policy->name() || key == "source" || key == "include");
}

// Takes the label out of the tunables; where there is none, it is the name and what is set.
void take_label(PolicyConfig& config, const std::string& name) {
  Tunables settings;
  for (const Tunable& tunable : config.tunables)
    if (!is_place(config, tunable.key)) settings.push_back(tunable);
  const std::string text = settings_text(settings);
  config.label = name + (text.empty() ? "" : "(" + text + ")");
  for (auto at = config.tunables.begin(); at != config.tunables.end(); ++at) {
    if (at->key != "label") continue;
    if (!at->value.text()) throw Error(at->where, "label is not one value", "write 'label: VALUE'");
    config.label = *at->value.text();
    if (config.label.empty()) throw Error(at->where, "label is empty", "name the policy as it should be shown");
    config.tunables.erase(at);
    return;
  }
}

// "winner" of "some/winner/", "central" of "central.bpf.c".
std::string stem_of(std::filesystem::path path) {
  if (!path.has_filename()) path = path.parent_path();
  return path.stem().stem().string();
}

PolicyConfig read_file_policy(const Policy& policy, const YAML::Node& node, const std::string& file,
                              const PolicyRegistry& registry) {
  PolicyConfig config{&policy, {}, yaml_tunables(node, file, kDeepestOfFile), yaml_where(node[policy.name()], file)};
  std::string stem;
  for (const Tunable& tunable : config.tunables)
    if (tunable.key == policy.name()) {
      const TunableValue::List* const list = tunable.value.list();  // several that are linked: by the first
      stem = stem_of(list != nullptr && !list->empty() ? list->front().str() : tunable.value.str());
    }
  take_label(config, stem);
  find_paths(config, registry, file);
  return config;
}

PolicyConfig read_policy(const YAML::Node& node, const std::string& file, const PolicyRegistry& registry) {
  if (node.IsScalar()) return policy_from_name(node.Scalar(), registry, yaml_where(node, file));
  for (const auto& policy : registry.policies()) {
    if (policy->is_file() && node.IsMap() && node[policy->name()].IsDefined())
      return read_file_policy(*policy, node, file, registry);
  }
  if (!node.IsMap() || node.size() != 1 || !node.begin()->first.IsScalar()) {
    throw Error(yaml_where(node, file), "a policy is neither a name nor {NAME: {tunables}}",
                "write it as 'eevdf' or 'eevdf: {base_slice_ns: 3ms}'");
  }
  const YAML::Node name = node.begin()->first, tunables = node.begin()->second;
  PolicyConfig config = policy_from_name(name.Scalar(), registry, yaml_where(name, file));
  if (!tunables.IsMap()) {
    throw Error(config.where, "the tunables of " + name.Scalar() + " are not a mapping",
                "write it as '" + name.Scalar() + ": {base_slice_ns: 3ms}'");
  }
  config.tunables = yaml_tunables(tunables, file, kDeepest);
  take_label(config, name.Scalar());
  find_paths(config, registry, file);
  return config;
}

}  // namespace

std::vector<PolicyConfig> read_policies(const YamlMap& map, const PolicyRegistry& registry) {
  const std::string remedy = "write it as 'policies: [eevdf, cfs]'; simsched policies lists the names";
  if (!map.has("policies")) throw Error(map.file(), "no policies are given", remedy);
  const YAML::Node list = map.at("policies");
  if (!list.IsSequence() || list.size() == 0) throw Error(map.where("policies"), "policies is not a list", remedy);
  std::vector<PolicyConfig> policies;
  std::set<std::string> labels;
  for (const YAML::Node& node : list) {
    policies.push_back(read_policy(node, map.file(), registry));
    if (!labels.insert(policies.back().label).second) {
      throw Error(policies.back().where, "two policies are shown as '" + policies.back().label + "'",
                  "give one of them a 'label'");
    }
  }
  return policies;
}

PolicyConfig policy_from_name(const std::string& name, const PolicyRegistry& registry, const std::string& where) {
  const Policy& policy = registry.get(name, where);
  if (policy.is_file()) throw Error(where, "'" + name + "' is a file", "write it as {" + name + ": PATH}");
  return {&policy, name, {}, where};
}

std::optional<PolicyConfig> policy_from_file(const std::string& path, const PolicyRegistry& registry) {
  for (const auto& policy : registry.policies())
    if (policy->is_file() && policy->opens(path))
      return PolicyConfig{policy.get(), stem_of(path), {{policy->name(), path, path}}, path};
  return std::nullopt;
}

}  // namespace simsched

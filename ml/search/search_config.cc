#include "ml/search/search_config.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/files.h"
#include "base/input_file.h"
#include "base/suggest.h"
#include "base/yaml/yaml_map.h"
#include "ml/search/exact_math.h"
#include "scx_port/schedulers/scheduler.h"

namespace simsched::search {
namespace {

const std::vector<std::string> kKeys = {"policy", "model", "tunables",  "baselines",  "controls",
                                        "search", "train", "objective", "validation", "test"};
const std::string kModel = "model";  // the tunable

// A whole number of percent, as a factor.
double percent(const YamlMap& map, const std::string& key, double otherwise, int64_t low, int64_t high) {
  if (!map.has(key)) return otherwise;
  const std::string text = map.text(key);
  const std::string range = fmt::format("write it in percent, from {}% to {}%", low, high);
  if (!text.ends_with('%')) throw Error(map.where(key), key + " is '" + text + "'", range);
  YAML::Node number(text.substr(0, text.size() - 1));
  try {
    return static_cast<double>(yaml_integer(number, map.file(), key, low, high)) / 100;
  } catch (const Error&) {
    throw Error(map.where(key), key + " is '" + text + "'", range);
  }
}

std::string word(const YamlMap& map, const std::string& key, std::string otherwise,
                 const std::vector<std::string>& known) {
  if (!map.has(key)) return otherwise;
  const std::string text = map.text(key);
  if (std::ranges::find(known, text) == known.end())
    throw Error(map.where(key), key + " is '" + text + "'", suggest(text, known));
  return text;
}

std::vector<PolicyConfig> policies(const YAML::Node& list, const std::string& file, const PolicyRegistry& registry) {
  YAML::Node under(YAML::NodeType::Map);
  under["policies"] = list;
  return read_policies(YamlMap(under, file, "policies", {"policies"}), registry);
}

PolicyConfig read_policy(const YamlMap& map, const PolicyRegistry& registry) {
  if (!map.has("policy")) throw Error(map.file(), "no policy is given", "write 'policy: NAME'");
  YAML::Node list(YAML::NodeType::Sequence);
  list.push_back(map.at("policy"));
  return policies(list, map.file(), registry).front();
}

// Of the searched ones, each is one of the policy's, and not set there.
void check_tunables(const SearchConfig& config, const PolicyRegistry& registry) {
  const auto known = registry.tunables(*config.policy.policy);
  std::vector<std::string> names;
  for (const TunableReader::Info& info : known) names.push_back(info.key);
  const std::string policy = config.policy.policy->name();
  if (config.has_model() && std::ranges::find(names, kModel) == names.end())
    throw Error(config.policy.where, policy + " has no model that could be searched for",
                "name a policy with a tunable 'model': simsched policies NAME shows them; or search 'tunables:'");
  const auto set_there = [&](const std::string& key) {
    return std::ranges::find(config.policy.tunables, key, &Tunable::key) != config.policy.tunables.end();
  };
  if (config.has_model() && set_there(kModel))
    throw Error(config.policy.where, "the model is what is searched for",
                "leave it out; a search begins at 'model: {start: FILE}', or finds tunables alone with 'model: none'");
  for (const Tuned& tuned : config.tuned) {
    if (std::ranges::find(names, tuned.key) == names.end() || tuned.key == kModel)
      throw Error(tuned.where, policy + " has no tunable '" + tuned.key + "' to search", suggest(tuned.key, names));
    if (set_there(tuned.key))
      throw Error(tuned.where, "'" + tuned.key + "' is searched, and set at the policy", "keep one");
  }
}

// As the policy's own model has them.
mlp::Ranges input_ranges(const PolicyConfig& policy) {
  for (const Scheduler& scheduler : schedulers()) {
    if (scheduler.name != policy.policy->name()) continue;
    const std::unique_ptr<SchedulerOptions> options = scheduler.options();
    TunableReader reader;
    options->bind(reader);
    reader.read({{kModel, "random", policy.where}}, scheduler.name);
    const UserHalfMaker maker = options->user_half();
    const std::unique_ptr<UserHalf> half = maker ? maker() : nullptr;
    const mlp::ModelFile* const model = half ? half->model() : nullptr;
    if (model == nullptr) break;
    return mlp::ranges_of(model->model);
  }
  throw Error(policy.where, "the inputs of the model of " + policy.policy->name() + " are not known",
              "search for the model of a scheduler that comes with simsched");
}

void read_model(const YamlMap& root, SearchConfig& config, const PolicyRegistry& registry) {
  const YAML::Node node = root.has("model") ? root.at("model") : YAML::Node(YAML::NodeType::Map);
  if (node.IsScalar() && node.Scalar() == kModelKindNames[2]) {
    config.shape.kind = ModelKind::kNone;
    if (config.tuned.empty()) throw Error(root.where("model"), "there is nothing to search", "add 'tunables:'");
    return check_tunables(config, registry);
  }
  const YamlMap map(node, config.file, "the model", {"kind", "tau", "version", "start"});
  const std::vector<std::string> kinds(std::begin(kModelKindNames), std::begin(kModelKindNames) + 2);
  const std::string kind = word(map, "kind", kinds[0], kinds);
  config.shape.kind = static_cast<ModelKind>(std::ranges::find(kinds, kind) - kinds.begin());
  config.shape.tau = static_cast<int32_t>(map.integer_or("tau", 1, 1 << 24, config.shape.tau));
  config.shape.version = static_cast<uint32_t>(map.integer_or("version", 1, UINT32_MAX, 1));
  check_tunables(config, registry);
  config.shape.ranges = input_ranges(config.policy);
  if (!map.has("start")) {
    config.start = first_point(config.shape.kind, config.method.seed);
    return;
  }
  if (map.text("start") == "rollouts") {
    config.start_rollouts = true;
    config.start = first_point(config.shape.kind, config.method.seed);
    return;
  }
  const std::string where = map.where("start");
  if (config.shape.kind != ModelKind::kNet)
    throw Error(where, "only a net starts with a model", "leave 'start' out, or write 'start: rollouts'");
  const mlp::mlp_model model = mlp::read_model(find_input_file(map.text("start"), config.file, where)).model;
  config.start = point_of(model, where);
  config.digest += fmt::format("start {:08x}\n", model.crc);
}

void read_method(const YamlMap& root, SearchConfig& config) {
  const YAML::Node node = root.has("search") ? root.at("search") : YAML::Node(YAML::NodeType::Map);
  const YamlMap map(node, config.file, "the search",
                    {"method", "population", "sigma", "seed", "generations", "scenarios", "validate_every"});
  Method& method = config.method;
  method.name = word(map, "method", method.name, optimizer_names());
  method.population = static_cast<size_t>(map.integer_or("population", 4, 4096, 32));
  if (method.population % 2 != 0)
    throw Error(map.where("population"), "population is odd, and its members come in pairs", "make it even");
  method.sigma = percent(map, "sigma", method.sigma, 1, 1000);
  method.seed = static_cast<uint64_t>(map.integer_or("seed", 0, INT64_MAX, 1));
  config.generations = static_cast<uint64_t>(map.integer_or("generations", 0, 1000000, 100));
  config.scenarios = static_cast<size_t>(map.integer_or("scenarios", 1, 4096, 8));
  config.validate_every = static_cast<uint64_t>(map.integer_or("validate_every", 1, 1000000, 5));
}

void read_objective(const YamlMap& root, SearchConfig& config) {
  if (!root.has("objective")) return;
  const YamlMap map(root.at("objective"), config.file, "the objective",
                    {"tail", "migrations", "wake", "wait", "energy"});
  Objective& o = config.objective;
  for (auto [key, weight] : {std::pair("tail", &o.tail),
                             {"migrations", &o.migrations},
                             {"wake", &o.wake},
                             {"wait", &o.wait},
                             {"energy", &o.energy}})
    *weight = percent(map, key, *weight, 0, 10000);
}

// {scenarios: N, families: [...]}
void read_set(const YamlMap& root, const std::string& key, size_t& scenarios, std::vector<Family>& families) {
  const YamlMap map(root.at(key), root.file(), key, {"scenarios", "families"});
  scenarios = static_cast<size_t>(map.integer_or("scenarios", 1, 100000, static_cast<int64_t>(scenarios)));
  if (!map.has("families")) throw Error(map.where(), key + " has no families", "add 'families:', a list as 'train' is");
  families = read_families(map.at("families"), root.file(), "families");
}

SearchConfig read_search(const YAML::Node& root, const std::string& file, const PolicyRegistry& registry) {
  if (!root.IsMap())
    throw Error(file, "is not a search", "write 'policy:', 'train:' and more; see simsched search --help");
  const YamlMap map(root, file, "a search", kKeys);
  SearchConfig config;
  config.file = file;
  config.policy = read_policy(map, registry);
  read_method(map, config);
  if (map.has("tunables")) config.tuned = read_tuned(map.at("tunables"), file);
  read_model(map, config, registry);
  for (const Tuned& tuned : config.tuned) config.start.push_back(tuned.start);
  const YAML::Node usual = YAML::Load("[eevdf, scx_rusty]");
  config.baselines = policies(map.has("baselines") ? map.at("baselines") : usual, file, registry);
  if (map.has("controls")) config.controls = policies(map.at("controls"), file, registry);
  read_objective(map, config);
  if (!map.has("train")) throw Error(file, "no training families are given", "add 'train:', a list of families");
  config.train = read_families(map.at("train"), file, "train");
  if (!map.has("validation"))
    throw Error(file, "no validation is given",
                "add 'validation: {families: [...]}' with others than those of 'train'");
  read_set(map, "validation", config.validation_scenarios, config.validation);
  if (map.has("test")) read_set(map, "test", config.test_scenarios, config.test);
  for (const PolicyConfig& control : config.controls)
    for (const PolicyConfig& baseline : config.baselines)
      if (control.label == baseline.label)
        throw Error(control.where, "'" + control.label + "' is a baseline and a control",
                    "keep one, or give it a label");

  for (const char* key : {"policy", "model", "tunables", "baselines", "search", "objective", "train", "validation"}) {
    if (!map.has(key)) continue;
    YAML::Node part = YAML::Clone(map.at(key));
    if (std::string(key) == "search") part.remove("generations");  // a longer one goes on where a shorter one ended
    config.digest += key + (": " + YAML::Dump(part) + "\n");
  }
  const std::span<const char> text(config.digest);
  config.digest = fmt::format("{:08x}", mlp::crc32(std::as_bytes(text)));
  return config;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> SearchConfig::values_of(const Point& point) const {
  std::vector<std::pair<std::string, std::string>> values;
  for (size_t i = 0; i < tuned.size(); ++i)
    values.emplace_back(tuned[i].key, tuned[i].value(point[nr_parameters(shape.kind) + i]));
  return values;
}

PolicyConfig SearchConfig::candidate(const Point& point, const std::string& model, const std::string& label) const {
  PolicyConfig found = policy;
  found.label = label;
  if (has_model()) found.tunables.push_back({kModel, model, policy.where});
  const auto values = values_of(point);
  for (size_t i = 0; i < values.size(); ++i)
    found.tunables.push_back({values[i].first, values[i].second, tuned[i].where});
  return found;
}

SearchConfig parse_search_config(const std::string& text, const std::string& file, const PolicyRegistry& registry) {
  return read_yaml(text, file, "give a search in YAML; mind indentation, brackets and quotes",
                   [&](const YAML::Node& root) { return read_search(root, file, registry); });
}

SearchConfig load_search_config(const std::string& path, const PolicyRegistry& registry) {
  return parse_search_config(std::string(read_file(path).text()), path, registry);
}

}  // namespace simsched::search

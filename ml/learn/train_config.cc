#include "ml/learn/train_config.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/error.h"
#include "base/input_file.h"
#include "base/suggest.h"
#include "base/yaml/yaml_map.h"

namespace simsched::ml {
namespace {

using Names = std::vector<std::string>;

constexpr const char* kRivals[] = {"logistic", "linear", "svm", "tree", "deep_tree", "forest"};

size_t choice(const YAML::Node& node, const std::string& file, const std::string& what, const Names& names) {
  const std::string text = yaml_text(node, file, what);
  const auto it = std::ranges::find(names, text);
  if (it == names.end())
    throw Error(yaml_where(node, file), "there is no " + what + " '" + text + "'", suggest(text, names));
  return static_cast<size_t>(it - names.begin());
}

double number(const YAML::Node& node, const std::string& file, const std::string& what, double low, double high) {
  const std::string text = yaml_text(node, file, what);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !(low <= value && value <= high)) {
    char range[80];
    std::snprintf(range, sizeof(range), "give a number from %g to %g", low, high);
    throw Error(yaml_where(node, file), what + " is '" + text + "'", range);
  }
  return value;
}

// read(node) of each entry of a list that is not empty and has none twice.
template <class Read>
auto list(const YamlMap& map, const std::string& key, Read read) {
  const YAML::Node node = map.at(key);
  if (!node.IsSequence() || node.size() == 0 || node.size() > 64)
    throw Error(map.where(key), key + " is not a list of 1 to 64 entries", "write it in brackets");
  std::vector<decltype(read(node))> values;
  for (const YAML::Node& entry : node) {
    values.push_back(read(entry));
    if (std::find(values.begin(), values.end() - 1, values.back()) != values.end() - 1)
      throw Error(yaml_where(entry, map.file()), "an entry of " + key + " is given twice", "keep one");
  }
  return values;
}

std::vector<int> layers(const YAML::Node& node, const std::string& file) {
  if (!node.IsSequence() || node.size() < 1 || node.size() > 2)
    throw Error(yaml_where(node, file), "the hidden layers are not a list of one or two",
                "write them as [15] or [10, 5]");
  std::vector<int> units;
  for (const YAML::Node& entry : node)
    units.push_back(static_cast<int>(yaml_integer(entry, file, "units of a hidden layer", 1, 256)));
  return units;
}

Grid read_grid(const YamlMap& map) {
  const std::string& file = map.file();
  Grid grid;
  if (map.has("hidden")) grid.hidden = list(map, "hidden", [&](const YAML::Node& n) { return layers(n, file); });
  if (map.has("activation"))
    grid.activation = list(map, "activation", [&](const YAML::Node& n) {
      return static_cast<Activation>(choice(n, file, "activation", {"relu", "tanh"}));
    });
  if (map.has("learning_rate"))
    grid.learning_rate =
        list(map, "learning_rate", [&](const YAML::Node& n) { return number(n, file, "a learning rate", 1e-6, 1); });
  if (map.has("epochs")) {
    grid.epochs = list(map, "epochs", [&](const YAML::Node& n) {
      return static_cast<int>(yaml_integer(n, file, "epochs", 1, 10000));
    });
    std::ranges::sort(grid.epochs);
  }
  return grid;
}

FitOptions read_fit(const YamlMap& map) {
  FitOptions fit;
  fit.batch = static_cast<int>(map.integer_or("batch", 1, 65536, fit.batch));
  fit.patience = static_cast<int>(map.integer_or("patience", 1, 10000, fit.patience));
  if (map.has("l2")) fit.l2 = number(map.at("l2"), map.file(), "l2", 0, 1000);
  if (map.has("held_back")) fit.held_back = number(map.at("held_back"), map.file(), "held_back", 0, 0.9);
  return fit;
}

void read_model(const YamlMap& map, TrainConfig& config) {
  static const Names kModels = {"net", "logistic", "linear", "svm", "tree"};
  if (map.has("learner")) config.model = kModels[choice(map.at("learner"), map.file(), "learner", kModels)];
  if (map.has("kind"))
    config.quantise.kind =
        choice(map.at("kind"), map.file(), "kind", {"int8", "q21"}) == 0 ? mlp::MLP_INT8 : mlp::MLP_Q21;
  if (map.has("confidence"))
    config.quantise.confidence = number(map.at("confidence"), map.file(), "confidence", 0, 0.99);
  config.quantise.version = static_cast<uint32_t>(map.integer_or("version", 1, UINT32_MAX, 1));
}

TrainConfig read(const YAML::Node& root, const std::string& name) {
  if (!root.IsMap()) throw Error(name, "does not say what to learn", "write 'data:'; see simsched train --help");
  const YamlMap map(
      root, name, "a training",
      {"data", "scaling", "balance", "without", "folds", "folds_by", "grid", "fit", "rivals", "model", "seed"});
  TrainConfig config;
  config.file = name;
  config.data_where = map.where("data");
  if (!map.has("data")) throw Error(name, "no data are given", "add 'data: FILE'; simsched dataset writes one");
  auto found = [&](const YAML::Node& n) {
    return find_input_file(yaml_text(n, name, "data"), name, yaml_where(n, name));
  };
  config.data = map.at("data").IsSequence() ? list(map, "data", found) : std::vector{found(map.at("data"))};
  if (map.has("scaling"))
    config.scaling = static_cast<ScalingKind>(choice(map.at("scaling"), name, "scaling", {"minmax", "zscore", "log"}));
  if (map.has("balance"))
    config.balance =
        static_cast<Balance>(choice(map.at("balance"), name, "balance", {"none", "weights", "smote", "outcomes"}));
  if (map.has("without")) {
    Names names;
    for (size_t f = 0; f < FEATURES; ++f) names.push_back(feature_name(f));
    for (size_t f : list(map, "without", [&](const YAML::Node& n) { return choice(n, name, "input", names); }))
      config.without[f] = true;
    if (std::ranges::count(config.without, true) == FEATURES)
      throw Error(map.where("without"), "no input is left", "leave out fewer");
  }
  config.folds = static_cast<int>(map.integer_or("folds", 2, 100, config.folds));
  if (map.has("folds_by"))
    config.folds_by = list(map, "folds_by", [&](const YAML::Node& n) {
      return static_cast<FoldsBy>(choice(n, name, "way to make folds", {"plain", "grouped"}));
    });
  if (map.has("grid"))
    config.grid = read_grid({map.at("grid"), name, "a grid", {"hidden", "activation", "learning_rate", "epochs"}});
  if (map.has("fit")) config.fit = read_fit({map.at("fit"), name, "a fit", {"batch", "patience", "l2", "held_back"}});
  if (map.has("rivals")) {
    const YAML::Node rivals = map.at("rivals");
    config.rivals.clear();
    if (!rivals.IsSequence() || rivals.size() > 0)
      config.rivals = list(map, "rivals", [&](const YAML::Node& n) {
        return static_cast<Rival>(choice(n, name, "rival", {std::begin(kRivals), std::end(kRivals)}));
      });
  }
  config.model_where = map.where("model");
  if (map.has("model"))
    read_model({map.at("model"), name, "a model", {"learner", "kind", "confidence", "version"}}, config);
  config.seed = static_cast<uint64_t>(map.integer_or("seed", 0, INT64_MAX, 1));
  return config;
}

}  // namespace

const char* rival_name(Rival rival) { return kRivals[static_cast<size_t>(rival)]; }

TrainConfig parse_train_config(const std::string& text, const std::string& name) {
  return read_yaml(text, name, "give a training in YAML; mind indentation, brackets and quotes",
                   [&](const YAML::Node& root) { return read(root, name); });
}

}  // namespace simsched::ml

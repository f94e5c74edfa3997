#include "sweep/variables.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <functional>
#include <map>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/suggest.h"
#include "base/yaml/yaml_amount.h"
#include "sweep/yaml_text.h"

namespace simsched {
namespace {

constexpr const char* kFix = "give an experiment in YAML; mind indentation, brackets and quotes";

YAML::Node load(const std::string& text, const std::string& file) {
  return read_yaml(text, file, kFix, [](const YAML::Node& root) { return root; });
}

bool is_name(const std::string& text) {
  auto word = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; };
  return !text.empty() && std::isdigit(static_cast<unsigned char>(text[0])) == 0 && std::ranges::all_of(text, word);
}

// A part of a text: a variable's name, or what stands as it is.
struct Piece {
  bool variable;
  std::string text;
};

std::vector<Piece> pieces_of(const std::string& text) {
  std::vector<Piece> pieces;
  std::string plain;
  for (size_t i = 0; i < text.size();) {
    const bool braces = text.compare(i, 2, "${") == 0;
    const size_t from = i + (braces ? 2 : 1);
    size_t to = from;
    while (to < text.size() && is_name(text.substr(from, to + 1 - from))) ++to;
    if (text.compare(i, 2, "$$") == 0) {
      plain += '$';
      i += 2;
    } else if (text[i] == '$' && to > from && (!braces || (to < text.size() && text[to] == '}'))) {
      if (!plain.empty()) pieces.push_back({false, std::exchange(plain, {})});
      pieces.push_back({true, text.substr(from, to - from)});
      i = to + (braces ? 1 : 0);
    } else {
      plain += text[i++];
    }
  }
  if (!plain.empty()) pieces.push_back({false, plain});
  return pieces;
}

using Visit = std::function<void(YAML::Node)>;

// Every scalar of `node`, keys too.
void for_each_scalar(const YAML::Node& node, const std::string& file, const Visit& visit, YamlBounds bounds = {}) {
  bounds.enter(node, file);
  if (node.IsScalar()) visit(node);
  if (node.IsSequence())
    for (const YAML::Node& item : node) for_each_scalar(item, file, visit, bounds);
  if (!node.IsMap()) return;
  for (const auto& entry : node) {
    for_each_scalar(entry.first, file, visit, bounds);
    for_each_scalar(entry.second, file, visit, bounds);
  }
}

std::set<std::string> names_in(const YAML::Node& node, const std::string& file) {
  std::set<std::string> names;
  for_each_scalar(node, file, [&](const YAML::Node& scalar) {
    for (const Piece& piece : pieces_of(scalar.Scalar()))
      if (piece.variable) names.insert(piece.text);
  });
  return names;
}

using Values = std::map<std::string, YAML::Node>;

// Gives the variables in one tree their values: in place, so that everything keeps its line, and once in what aliases
// share.
class Substitution {
 public:
  explicit Substitution(const std::string& file) : file_(file) {}

  void in(const YAML::Node& node, const Values& values) {
    for_each_scalar(node, file_, [&](YAML::Node scalar) {
      if (scalar.Scalar().find('$') == std::string::npos) return;
      if (std::ranges::any_of(done_, [&](const YAML::Node& done) { return done.is(scalar); })) return;
      substitute(scalar, values);
      if (scalar.IsScalar() && scalar.Scalar().find('$') != std::string::npos) done_.push_back(scalar);
    });
  }

 private:
  void substitute(YAML::Node scalar, const Values& values) const {
    const std::vector<Piece> pieces = pieces_of(scalar.Scalar());
    std::string text;
    for (const Piece& piece : pieces) {
      if (!piece.variable) {
        text += piece.text;
        continue;
      }
      const auto found = values.find(piece.text);
      SIMSCHED_CHECK(found != values.end(), "all names were looked up");
      if (pieces.size() == 1) {
        scalar = found->second;
        return;
      }
      if (!found->second.IsScalar())
        throw Error(yaml_where(scalar, file_), "$" + piece.text + " is no single value, and stands within text",
                    "let it stand alone, or make its values plain");
      text += found->second.Scalar();
    }
    scalar = text;
  }

  const std::string& file_;
  std::vector<YAML::Node> done_;  // those that still have a dollar
};

// A text node at the line of another.
YAML::Node at_line_of(const YAML::Node& node, const std::string& text) {
  const int line = node.Mark().is_null() ? 0 : node.Mark().line;
  return YAML::Load(std::string(static_cast<size_t>(line), '\n') + text);
}

// {from: 1, to: 64}, {from: 1ms, to: 64ms, times: 2}
std::vector<YAML::Node> read_range(const YAML::Node& node, const std::string& file, const std::string& name) {
  const YamlMap map(node, file, "the range of " + name, {"from", "to", "step", "times"});
  const auto [from, to] = read_amounts(map, name);
  if (map.has("step") && map.has("times")) throw Error(map.where("times"), "both step and times are given", "keep one");
  Amount step{1, from.unit};
  if (map.has("step")) step = read_amount(map, "step");
  if (step.unit != from.unit)
    throw Error(map.where("step"), "the step has another unit than the range", "give both the same");
  if (step.number == 0) throw Error(map.where("step"), "a step of 0 gets nowhere", "take 1 or more");
  const int64_t times = map.integer_or("times", 2, 1000000, 1);
  if (times > 1 && from.number == 0)
    throw Error(map.where("from"), "0 times anything is 0", "begin at 1, or take a step");
  std::vector<YAML::Node> values;
  for (int64_t at = from.number; at <= to.number; at = times > 1 ? at * times : at + step.number) {
    if (values.size() == kMostPoints)
      throw Error(map.where(), name + " has more than " + std::to_string(kMostPoints) + " values", "take larger steps");
    values.push_back(at_line_of(node, std::to_string(at) + from.unit));
  }
  return values;
}

std::vector<YAML::Node> read_values(const YAML::Node& node, const std::string& file, const std::string& name) {
  if (node.IsMap() && node["from"].IsDefined()) return read_range(node, file, name);
  if (!node.IsSequence() || node.size() == 0)
    throw Error(yaml_where(node, file), "the values of " + name + " are no list",
                "write '" + name + ": [1ms, 3ms]' or '" + name + ": {from: 1, to: 64, times: 2}'");
  return {node.begin(), node.end()};
}

void check_names(const YAML::Node& root, const std::string& file, const std::vector<std::string>& known) {
  for_each_scalar(root, file, [&](const YAML::Node& scalar) {
    for (const Piece& piece : pieces_of(scalar.Scalar())) {
      if (!piece.variable || std::ranges::find(known, piece.text) != known.end()) continue;
      throw Error(yaml_where(scalar, file), "no variable is called '" + piece.text + "'",
                  known.empty() ? "name it in 'sweep:'; $$ is a dollar" : suggest(piece.text, known));
    }
  });
}

}  // namespace

SweepFile::SweepFile(std::string text, std::string file) : text_(std::move(text)), file_(std::move(file)) {
  const YAML::Node root = load(text_, file_);
  if (!root.IsMap()) throw Error(file_, "is not an experiment", "see simsched sweep --help");
  const YAML::Node sweep = root["sweep"];
  if (sweep.IsDefined() && !sweep.IsMap())
    throw Error(yaml_where(sweep, file_), "sweep is not a mapping", "write 'sweep: {slice: [1ms, 3ms]}'");

  std::set<std::string> around, in_policies;
  for (const auto& entry : root) {
    const std::string key = entry.first.IsScalar() ? entry.first.Scalar() : "";
    if (key == "sweep") continue;
    if (key == "policies" && entry.second.IsSequence()) continue;
    around.merge(names_in(entry.second, file_));
  }
  std::vector<std::set<std::string>> entries;
  if (const YAML::Node list = root["policies"]; list.IsDefined() && list.IsSequence())
    for (const YAML::Node& node : list) entries.push_back(names_in(node, file_));
  for (const auto& names : entries) in_policies.insert(names.begin(), names.end());

  std::vector<std::string> known;
  std::vector<Variable> variables;
  for (const auto& entry : sweep.IsDefined() ? sweep : YAML::Node(YAML::NodeType::Map)) {
    Variable variable{entry.first.IsScalar() ? entry.first.Scalar() : "", yaml_where(entry.first, file_), {}};
    const std::string& name = variable.name;
    if (!is_name(name))
      throw Error(variable.where, "'" + name + "' is no name of a variable", "use letters, digits and _");
    if (std::ranges::find(known, name) != known.end())
      throw Error(variable.where, "'" + name + "' is given twice", "keep one");
    known.push_back(name);
    std::set<std::string> seen;
    for (const YAML::Node& value : read_values(entry.second, file_, name)) {
      variable.texts.push_back(yaml_in_a_line(value, file_));
      if (!seen.insert(variable.texts.back()).second)
        throw Error(yaml_where(value, file_), name + " is " + variable.texts.back() + " twice", "keep one");
    }
    variables.push_back(std::move(variable));
  }
  check_names(root, file_, known);

  entries_.resize(entries.size());
  for (Variable& variable : variables) {
    if (around.contains(variable.name)) {
      nr_points_ *= variable.texts.size();
      if (nr_points_ > kMostPoints)
        throw Error(variable.where, "there are more than " + std::to_string(kMostPoints) + " combinations of values",
                    "take fewer values, or several sweeps");
      given_.push_back(std::move(variable));
    } else if (in_policies.contains(variable.name)) {
      for (size_t i = 0; i < entries.size(); ++i)
        if (entries[i].contains(variable.name)) entries_[i].push_back(chosen_.size());
      chosen_.push_back(std::move(variable));
    } else {
      throw Error(variable.where, "$" + variable.name + " stands nowhere",
                  "write $" + variable.name + " where its values are to go");
    }
  }
}

std::vector<size_t> SweepFile::choice(size_t point) const {
  std::vector<size_t> choice(given_.size());
  for (size_t v = given_.size(); v-- > 0; point /= given_[v].texts.size()) choice[v] = point % given_[v].texts.size();
  return choice;
}

std::vector<std::string> SweepFile::values(size_t point) const {
  const std::vector<size_t> chosen = choice(point);
  std::vector<std::string> values;
  for (size_t v = 0; v < given_.size(); ++v) values.push_back(given_[v].texts[chosen[v]]);
  return values;
}

YAML::Node SweepFile::point(size_t point) const {
  const std::vector<size_t> chosen = choice(point);
  auto bind = [&](const YAML::Node& root, const Variable& variable, size_t value, Values& values) {
    values[variable.name] = read_values(root["sweep"][variable.name], file_, variable.name)[value];
  };
  auto given = [&](const YAML::Node& root) {
    Values values;
    for (size_t v = 0; v < given_.size(); ++v) bind(root, given_[v], chosen[v], values);
    return values;
  };

  YAML::Node root = load(text_, file_);
  Substitution substitution(file_);
  const Values values = given(root);
  YAML::Node policies(YAML::NodeType::Sequence);
  for (size_t i = 0; i < entries_.size(); ++i) {
    size_t variants = 1;
    for (const size_t v : entries_[i]) {
      variants *= chosen_[v].texts.size();
      if (variants > kMostPoints)
        throw Error(yaml_where(root["policies"][i], file_),
                    "stands for more than " + std::to_string(kMostPoints) + " policies", "take fewer values");
    }
    for (size_t variant = 0; variant < variants; ++variant) {
      const YAML::Node own = variants > 1 ? load(text_, file_) : root;  // each needs nodes of its own
      Values all = given(own);
      size_t rest = variant;
      for (size_t k = entries_[i].size(); k-- > 0;) {
        const Variable& variable = chosen_[entries_[i][k]];
        bind(own, variable, rest % variable.texts.size(), all);
        rest /= variable.texts.size();
      }
      const YAML::Node entry = own["policies"][i];
      if (variants > 1)
        Substitution(file_).in(entry, all);
      else
        substitution.in(entry, all);
      policies.push_back(entry);
    }
  }
  for (const auto& entry : root) {
    const std::string key = entry.first.IsScalar() ? entry.first.Scalar() : "";
    if (key == "sweep" || (key == "policies" && entry.second.IsSequence())) continue;
    substitution.in(entry.second, values);
  }
  root.remove("sweep");
  if (!entries_.empty()) root["policies"] = policies;
  return root;
}

}  // namespace simsched

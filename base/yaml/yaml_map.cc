#include "base/yaml/yaml_map.h"

#include <charconv>
#include <set>

#include "base/error.h"
#include "base/suggest.h"

namespace simsched {

std::string yaml_where(const YAML::Node& node, const std::string& file) {
  YAML::Mark mark = node.IsDefined() ? node.Mark() : YAML::Mark::null_mark();
  return mark.is_null() ? file : file + ":" + std::to_string(mark.line + 1);
}

std::string yaml_text(const YAML::Node& node, const std::string& file, const std::string& what) {
  if (!node.IsScalar()) throw Error(yaml_where(node, file), what + " is not one value", "write '" + what + ": VALUE'");
  return node.Scalar();
}

int64_t yaml_integer(const YAML::Node& node, const std::string& file, const std::string& what, int64_t low,
                     int64_t high) {
  std::string range = "take a whole number from " + std::to_string(low) + " to " + std::to_string(high);
  if (!node.IsScalar()) throw Error(yaml_where(node, file), what + " is not a number", range);
  const std::string& text = node.Scalar();
  int64_t value = 0;
  auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  bool number = failed != std::errc::invalid_argument && end == text.data() + text.size();
  if (!number) throw Error(yaml_where(node, file), what + " is '" + text + "', not a whole number", range);
  if (failed != std::errc() || value < low || value > high)
    throw Error(yaml_where(node, file), what + " is " + text, range);
  return value;
}

YamlMap::YamlMap(const YAML::Node& node, std::string file, const std::string& what,
                 const std::vector<std::string>& known)
    : node_(node), file_(std::move(file)) {
  if (!node.IsMap()) throw Error(where(), what + " is not a mapping", "write 'key: value' lines");
  std::set<std::string> seen;
  for (const auto& entry : node) {
    std::string key = entry.first.IsScalar() ? entry.first.Scalar() : "?";
    if (std::find(known.begin(), known.end(), key) == known.end())
      throw Error(yaml_where(entry.first, file_), what + " has no key '" + key + "'", suggest(key, known));
    if (!seen.insert(key).second)
      throw Error(yaml_where(entry.first, file_), "'" + key + "' is given twice", "keep one");
  }
}

int64_t YamlMap::integer(const std::string& key, int64_t low, int64_t high) const {
  return yaml_integer(at(key), file_, key, low, high);
}

int64_t YamlMap::integer_or(const std::string& key, int64_t low, int64_t high, int64_t otherwise) const {
  return has(key) ? integer(key, low, high) : otherwise;
}

std::string YamlMap::text(const std::string& key) const { return yaml_text(at(key), file_, key); }

bool YamlMap::boolean(const std::string& key) const {
  std::string value = text(key);
  if (value != "true" && value != "false") throw Error(where(key), key + " is '" + value + "'", "write true or false");
  return value == "true";
}

std::string YamlMap::where(const std::string& key) const {
  for (const auto& entry : node_)
    if (entry.first.IsScalar() && entry.first.Scalar() == key) return yaml_where(entry.first, file_);
  return where();
}

}  // namespace simsched

// A YAML mapping with a fixed set of keys, read strictly: an unknown or repeated key, a wrong type and
// a number out of range throw Error with file and line.
#pragma once

#include <yaml-cpp/yaml.h>

#include <cstdint>
#include <string>
#include <vector>

namespace simsched {

// "file:line" of a node; "file" where the node has no place.
std::string yaml_where(const YAML::Node& node, const std::string& file);

// A decimal integer in [low, high]. `what` names it in messages.
int64_t yaml_integer(const YAML::Node& node, const std::string& file, const std::string& what, int64_t low,
                     int64_t high);

// A scalar that is not null.
std::string yaml_text(const YAML::Node& node, const std::string& file, const std::string& what);

class YamlMap {
 public:
  // `what` says what the mapping describes ("a machine"); `known` are its keys.
  YamlMap(const YAML::Node& node, std::string file, const std::string& what, const std::vector<std::string>& known);

  bool has(const std::string& key) const { return at(key).IsDefined(); }
  YAML::Node at(const std::string& key) const { return node_[key]; }
  int64_t integer(const std::string& key, int64_t low, int64_t high) const;
  int64_t integer_or(const std::string& key, int64_t low, int64_t high, int64_t otherwise) const;
  std::string text(const std::string& key) const;
  bool boolean(const std::string& key) const;  // true or false

  std::string where() const { return yaml_where(node_, file_); }
  std::string where(const std::string& key) const;  // the mapping's own place when the key is absent
  const std::string& file() const { return file_; }

 private:
  const YAML::Node node_;
  std::string file_;
};

}  // namespace simsched

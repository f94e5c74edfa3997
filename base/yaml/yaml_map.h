// A YAML mapping with a fixed set of keys, read strictly: an unknown or repeated key, a wrong type and
// a number out of range throw Error with file and line.
#pragma once

#include <yaml-cpp/yaml.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"

namespace simsched {

// read(root) of a YAML text; what yaml-cpp refuses is an Error with file and line. `fix` says what to do then.
template <class Read>
auto read_yaml(const std::string& text, const std::string& file, const std::string& fix, Read&& read) {
  try {
    // yaml-cpp takes NUL for the end of its input at places; a text file has none.
    if (text.find('\0') != std::string::npos) throw Error(file, "is not a text file", fix);
    return read(YAML::Load(text));
  } catch (const YAML::Exception& error) {
    const std::string line = error.mark.is_null() ? "" : ":" + std::to_string(error.mark.line + 1);
    throw Error(file + line, "this is not YAML: " + error.msg, fix);
  }
}

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

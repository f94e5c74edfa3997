// YAML nodes as one line: for people, and to tell whether two say the same.
#pragma once

#include <yaml-cpp/yaml.h>

#include <cstddef>
#include <memory>
#include <string>

namespace simsched {

// Aliases may make much out of little, or a list that is in itself. Copied down, it counts what is on the way down, and
// all there is.
class YamlBounds {
 public:
  // Throws Error with file and line where it is too much.
  void enter(const YAML::Node& node, const std::string& file);

 private:
  int depth_ = 0;
  std::shared_ptr<size_t> nodes_ = std::make_shared<size_t>(0);
};

// "{hogs: {tasks: 4}}", "1ms". No two maps or lists that differ have the same.
std::string yaml_in_a_line(const YAML::Node& node, const std::string& file);

}  // namespace simsched

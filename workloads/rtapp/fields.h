// Values of an rt-app file, each checked as rt-app does, and what is said of the file.
#pragma once

#include <yaml-cpp/yaml.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/units.h"

namespace simsched::rtapp {

// All throw Error with file and line.
class Fields {
 public:
  explicit Fields(std::string file) : file_(std::move(file)) {}

  const std::string& file() const { return file_; }
  std::string where(const YAML::Node& node) const;
  void object(const YAML::Node& node, const std::string& what, const std::string& example) const;
  std::string key(const YAML::Node& node) const;

  // Numbers stand without quotes, texts within: rt-app ends otherwise. Its numbers are ints.
  int64_t integer(const YAML::Node& node, const std::string& key, int64_t low, int64_t high = INT32_MAX) const;
  Nanos micros(const YAML::Node& node, const std::string& key) const;
  std::string text(const YAML::Node& node, const std::string& key) const;
  bool boolean(const YAML::Node& node, const std::string& key) const;

  void note(const std::string& text);  // once
  void note_unknown(const YAML::Node& key, const std::string& in, const std::vector<std::string>& known);
  std::vector<std::string> take_notes() { return std::move(notes_); }

 private:
  std::string file_;
  std::vector<std::string> notes_;
};

}  // namespace simsched::rtapp

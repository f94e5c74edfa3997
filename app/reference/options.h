// A sub-command's options, as CLI11 has them, in the words of a reference.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace simsched {

struct OptionText {
  std::vector<std::string> names;  // "-o", "--output"; of an argument "CONFIG"
  std::string value;               // "TEXT"; empty: a flag
  std::string help;
  bool argument = false;  // without a name of its own on the command line
  bool required = false, many = false;

  std::string shown() const;  // "-o, --output FOLDER"
};

// Arguments, then options, as they were added.
std::vector<OptionText> options_of(const CLI::App& command);

std::string usage_of(const CLI::App& command);    // "simsched run [OPTIONS] CONFIG"
std::string summary_of(const CLI::App& command);  // one line
std::string footer_of(const CLI::App& command);   // without line breaks around it

}  // namespace simsched

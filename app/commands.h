// The sub-commands of `simsched`: a file each, which ends in its row NAME_command(), and a line in commands.cc.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

namespace simsched {

// What a sub-command does once its arguments are read; returns the exit code. Throws Error for bad input.
using Action = std::function<int()>;

struct Command {
  const char* name;
  const char* summary;               // one line, for `simsched --help`
  Action (*add)(CLI::App& command);  // adds its options to `command`, and returns what to do with them
};
const std::vector<Command>& commands();

}  // namespace simsched

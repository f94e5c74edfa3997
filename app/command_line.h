// The whole command line as CLI11 knows it: what is parsed, and what the reference is written from.
#pragma once

#include <CLI/CLI.hpp>
#include <map>

#include "app/commands.h"

namespace simsched {

struct CommandLine {
  CommandLine();

  CLI::App app;
  bool verbose = false;
  std::map<const CLI::App*, Action> actions;  // by sub-command
};

}  // namespace simsched

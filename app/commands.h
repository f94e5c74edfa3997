// The sub-commands of `simsched`, one a file.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

namespace simsched {

// What a sub-command does once its arguments are read; returns the exit code. Throws Error for bad input.
using Action = std::function<int()>;

// Each adds its options to `command` and returns what to do with them.
Action run_command(CLI::App& command);
Action validate_command(CLI::App& command);
Action import_command(CLI::App& command);
Action topo_command(CLI::App& command);
Action policies_command(CLI::App& command);
Action workloads_command(CLI::App& command);
Action metrics_command(CLI::App& command);
Action export_command(CLI::App& command);
Action verify_command(CLI::App& command);
Action doctor_command(CLI::App& command);

struct Command {
  const char* name;
  const char* summary;
  Action (*add)(CLI::App& command);
};
const std::vector<Command>& commands();

}  // namespace simsched

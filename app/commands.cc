#include "app/commands.h"

namespace simsched {

// A line a sub-command, in the order of `simsched --help`.
#define COMMANDS(ROW) \
  ROW(run)            \
  ROW(validate)       \
  ROW(import)         \
  ROW(topo)           \
  ROW(policies)       \
  ROW(workloads)      \
  ROW(metrics)        \
  ROW(export)         \
  ROW(verify)         \
  ROW(doctor)

#define DECLARE(name) Command name##_command();
COMMANDS(DECLARE)

const std::vector<Command>& commands() {
#define COMMAND(name) name##_command(),
  static const std::vector<Command> kCommands{COMMANDS(COMMAND)};
  return kCommands;
}

}  // namespace simsched

#include "app/commands.h"

namespace simsched {

// A line a sub-command, in the order of `simsched --help`.
#define SIMSCHED_COMMANDS(ROW) \
  ROW(run)                     \
  ROW(sweep)                   \
  ROW(explain)                 \
  ROW(compare)                 \
  ROW(report)                  \
  ROW(validate)                \
  ROW(import)                  \
  ROW(fit)                     \
  ROW(dataset)                 \
  ROW(train)                   \
  ROW(search)                  \
  ROW(topo)                    \
  ROW(calibrate)               \
  ROW(policies)                \
  ROW(workloads)               \
  ROW(metrics)                 \
  ROW(export)                  \
  ROW(verify)                  \
  ROW(doctor)                  \
  ROW(reference)

#define SIMSCHED_ROW(name) Command name##_command();
SIMSCHED_COMMANDS(SIMSCHED_ROW)
#undef SIMSCHED_ROW

const std::vector<Command>& commands() {
#define SIMSCHED_ROW(name) name##_command(),
  static const std::vector<Command> kCommands{SIMSCHED_COMMANDS(SIMSCHED_ROW)};
#undef SIMSCHED_ROW
  return kCommands;
}

}  // namespace simsched

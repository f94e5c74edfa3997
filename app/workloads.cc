// simsched workloads: what a config can run besides recordings.
#include "app/commands.h"

namespace simsched {

Action workloads_command(CLI::App&) {
  return [] { return 0; };
}

}  // namespace simsched

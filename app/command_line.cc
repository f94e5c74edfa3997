#include "app/command_line.h"

namespace simsched {

CommandLine::CommandLine()
    : app("simsched: which scheduling policy is best for this workload on that machine, by how much, and why",
          "simsched") {
  app.footer(
      "\nExamples:\n"
      "  simsched run configs/quickstart.yaml          compare policies, print a table\n"
      "  simsched validate kernel-build.perf.data.zst  how well a recording is reproduced\n"
      "  simsched topo epyc-2s128c                     what a machine looks like\n"
      "Exit codes: 0 fine, 1 outside tolerance, 2 bad input or usage, 43 policy error, 42 stall, 44 dispatch loop.");
  app.set_version_flag("--version", "simsched " SIMSCHED_VERSION, "Print the version and exit");
  app.add_flag("-v,--verbose", verbose, "Say on stderr what is being done");
  app.require_subcommand(1);
  for (const Command& command : commands()) {
    CLI::App* sub = app.add_subcommand(command.name, command.summary);
    actions[sub] = command.add(*sub);
    sub->fallthrough();  // -v is understood behind the command, too
  }
}

}  // namespace simsched

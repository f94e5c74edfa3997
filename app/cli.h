// The command line: reads it, runs one sub-command, and turns an Error into one line and exit code 2.
#pragma once

namespace simsched {

// Returns the exit code: 0 fine, 1 outside tolerance, 2 bad input or usage, or that of the simulation.
int run_cli(int argc, const char* const* argv);

}  // namespace simsched

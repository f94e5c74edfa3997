// Loads under the kernel's own fair class, recorded: what simulations of it are compared with.
#pragma once

namespace simsched::guest {

// Runs each file of /loads (scx_port/proof/load/load_file.h) `repeats` times, and leaves what the kernel did as
// /out/NAME.N.txt. False: one of them did not end.
bool run_loads(int repeats);

// A task of a load goes on after it has replaced its program.
[[noreturn]] void go_on(int task);

}  // namespace simsched::guest

// The same load in a kernel and in simulation, side by side, for what an emulated machine does not distort.
#pragma once

#include <string>

#include "scx_port/manifest/manifest.h"

namespace simsched {

// `trace`: what a virtual machine of vm/boot.h recorded (ftrace text) of `folder`'s scheduler on kernel `release`. The
// load of the trace is simulated on the same shape under the same policy. Returns a table with a heading and what not
// to believe. Throws Error for a trace that cannot be replayed.
// What a recording of such a machine needs beside it: the text of its .recorded.yaml.
std::string circumstances_of_guest(const std::string& release);

std::string kernel_and_simulation(const std::string& trace, const ExportedFolder& folder, const std::string& release);

}  // namespace simsched

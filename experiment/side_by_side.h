// The same load in a kernel and in simulation, side by side, for what an emulated machine does not distort.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "policies/registry.h"
#include "scx_port/manifest/manifest.h"
#include "topology/machine.h"
#include "traces/trace_stats.h"

namespace simsched {

struct LoadFigures {
  TraceStats stats;
  std::array<uint64_t, 5> migrations{};  // by Distance
  std::vector<double> node_share;        // by node, of all busy time
};

struct SideBySide {
  LoadFigures kernel, simulated;
};

// `trace`: what a virtual machine of scx_port/proof/boot.h recorded (ftrace text) of `folder`'s scheduler on kernel
// `release`. The load of the trace is simulated on the same shape under the same policy. Throws Error for a trace that
// cannot be replayed.
SideBySide kernel_and_simulation(const std::string& trace, const ExportedFolder& folder, const std::string& release,
                                 const PolicyRegistry& registry);

// What a recording of such a machine needs beside it: the text of its .recorded.yaml.
std::string circumstances_of_guest(const std::string& release);

}  // namespace simsched

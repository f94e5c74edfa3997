// A stock kernel in a virtual machine as the oracle of the fair class: the same loads there and in simulation.
#pragma once

#include <string>
#include <vector>

#include "base/progress.h"
#include "experiment/oracle_comparison.h"
#include "experiment/oracle_loads.h"
#include "scx_port/proof/vm_shape.h"

namespace simsched {

struct OracleOptions {
  std::string kernel;              // a vmlinuz; empty: what scripts/fetch-kernels brings
  std::vector<std::string> loads;  // names; empty: all
  int repeats = 3;                 // of each load in the kernel
  int seeds = 5;
  std::string keep;  // a folder for what the kernel left, its recordings too; empty: nothing is kept
  std::string kept;  // such a folder, instead of a boot
};

struct OracleResult {
  struct Load {
    std::string name, summary;
    std::vector<OracleRow> rows;
  };
  std::string shape, release;
  std::string domains;  // of CPU 0, as the kernel says: "MC: SD_..." and so on
  std::vector<Load> loads;

  bool ok() const;
};

// Throws Error when the machine does not fit, a load is unknown, the virtual machine does not come to its end, or the
// kernel sees another shape.
OracleResult ask_kernel(const Machine& machine, const OracleOptions& options);

}  // namespace simsched

// The loads of `simsched verify --kernel-fair`: what a kernel and its simulation are both given.
#pragma once

#include <string>
#include <vector>

#include "topology/machine.h"
#include "workloads/workload.h"

namespace simsched {

struct OracleLoad {
  std::string name, summary;
  Workload workload;  // launched (scx_port/proof/guest_load.h)
};

// Scaled to the machine. Work is in milliseconds: what an emulated kernel itself takes must be little beside it.
std::vector<OracleLoad> oracle_loads(const Machine& machine);

}  // namespace simsched

// A machine with some of its CPUs, as if the others had never been there.
#pragma once

#include "base/cpu_set.h"
#include "topology/machine.h"

namespace simsched {

// CPUs, cores, LLCs and nodes that remain are renumbered from 0 in their old order. `keep` must be a
// non-empty subset of the CPUs of a checked spec (Machine::spec()).
MachineSpec select_cpus(const MachineSpec& spec, const CpuSet& keep);

}  // namespace simsched

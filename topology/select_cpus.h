// A machine with some of its CPUs, as if the others had never been there, or with more like them.
#pragma once

#include "base/cpu_set.h"
#include "topology/machine.h"

namespace simsched {

// CPUs, cores, LLCs and nodes that remain are renumbered from 0 in their old order. `keep` must be a
// non-empty subset of the CPUs of a checked spec (Machine::spec()).
MachineSpec select_cpus(const MachineSpec& spec, const CpuSet& keep);

// `nr_cpus` of them, more than it has: cores like that of its last CPU join it in its cache. `spec` is a checked one.
MachineSpec grow(const MachineSpec& spec, size_t nr_cpus);

}  // namespace simsched

// CPUs that a config names: those that a machine lacks are no wish that it could meet.
#pragma once

#include <string>

#include "base/cpu_set.h"
#include "workloads/workload.h"

namespace simsched {

struct NamedCpus {
  CpuSet cpus;
  std::string where;  // file and line
};

// Throws Error with that place when one of them is not among `cpus`, those of `machine`.
void check_cpus(const NamedCpus& named, const CpuSet& cpus, const std::string& machine);

// Those to which a generator binds tasks, and which its packets interrupt.
CpuSet cpus_named_by(const Workload& workload);

}  // namespace simsched

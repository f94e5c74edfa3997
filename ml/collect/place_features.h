// The inputs that say where two CPUs of a machine lie to each other, the same of simulated and of recorded decisions.
#pragma once

#include "ml/model/nets.h"
#include "topology/machine.h"

namespace simsched::ml {

// Sets relation, distance, home and cost of a move between two CPUs. `home`: the task's node; none: not known.
void describe_places(const Machine& machine, CpuId src, CpuId dst, NodeId home, mlp::Features& features);
// Nearest first.
feature_relation relation_of(const Machine& machine, CpuId a, CpuId b);

}  // namespace simsched::ml

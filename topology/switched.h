// A big.LITTLE machine as Arm's switchers show it to the scheduler: of as many CPUs as there are pairs of a little and
// a big core, all alike, each of which is one of its two cores at a time. Modelled on arch/arm/common/bL_switcher.c and
// drivers/cpufreq/vexpress-spc-cpufreq.c, Linux 6.12.
//
// The pair has the operating points of both, under virtual frequencies: the little core's are halved, the big core's
// stand as they are. Which core it is follows from the point that its governor chooses. Left out are points of the big
// core that do no more work than the little core at its highest: a governor would choose them in the wrong order.
#pragma once

#include <optional>

#include "topology/machine.h"

namespace simsched {

enum class SwitchedBy : uint8_t {
  kCluster,  // all CPUs are of one kind at a time, on one clock: migration of the whole cluster
  kPair,     // each for itself; those of a kind share its clock: the in-kernel switcher (IKS)
};

// None where there are not exactly two clusters, each of one clock and of cores of its own kind without siblings: then
// nothing is switched (bL_switcher_halve_cpus()). `cost`: of going from one core to the other.
std::optional<Machine> switched_machine(const Machine& machine, SwitchedBy by, Nanos cost);

}  // namespace simsched

// Decisions of a running kernel, as simsched-collect has recorded them (docs/collector.md), in the form of those of a
// simulation.
#pragma once

#include "ml/collect/collector.h"
#include "scx_port/collect/decision_file/decision_file.h"

namespace simsched::ml {

// Rows of tasks of the fair class that could go to either CPU. Of placement these are tasks that went to another CPU:
// where else one that stayed could have gone is not recorded, nor is a row made where only moves were seen
// (sched_migrate_task). `machine` is what it was recorded on: costs of moves and capacities are as it has them. Throws
// Error (where: `name`) when it has other CPUs.
Dataset decisions_of(const collect::DecisionFile& file, const Machine& machine, const Collected& what,
                     const std::string& name);

}  // namespace simsched::ml

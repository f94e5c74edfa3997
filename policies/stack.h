// The stack of classes that a simulation has, from the highest to the lowest.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "policies/fair/fair.h"
#include "sim/kernel_params.h"
#include "sim/sched_class.h"
#include "topology/machine.h"

namespace simsched {

using ClassStack = std::vector<std::unique_ptr<SchedClass>>;

// stop, dl and rt above `ordinary`, which takes all other tasks. `has_tasks` says whether it has runnable ones on a
// CPU: from 6.12 on a deadline server keeps real-time tasks from starving them.
ClassStack stack_above(std::unique_ptr<SchedClass> ordinary, std::function<bool(CpuId)> has_tasks,
                       const KernelParams& kernel);
ClassStack fair_stack(const fair::Params& params, const KernelParams& kernel);
// stop, dl, rt and the kernel's default fair class, which `fair` is set to.
ClassStack default_classes(const KernelParams& kernel, const Machine& machine, FairClass** fair);

}  // namespace simsched

// The policies that a config can name. A policy is one folder or file and one line in registry.cc.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "policies/tunables.h"
#include "sim/kernel_params.h"
#include "sim/sched_class.h"
#include "topology/machine.h"

namespace simsched {

using ClassStack = std::vector<std::unique_ptr<SchedClass>>;  // from the highest class to the lowest

struct PolicyInfo {
  std::string name, summary;
  std::vector<TunableReader::Info> tunables;
};
const std::vector<PolicyInfo>& policy_infos();

// Throws Error for an unknown name or tunable; `where` is where the config names it.
ClassStack make_policy(const std::string& name, const Tunables& tunables, const KernelParams& kernel,
                       const Machine& machine, const std::string& where = {});

}  // namespace simsched

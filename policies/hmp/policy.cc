// Linaro's and Arm's "big.LITTLE MP" of 2012 to 2015, global task scheduling: the fair class with policies/fair/hmp.cc
// instead of balancing between clusters.
#include "policies/policy.h"

#include "base/error.h"

namespace simsched {

Policies hmp_policies() {
  Policies list;
  list.push_back(make_policy_row<fair::Params>(
      "hmp", "big.LITTLE MP: tasks go up to big CPUs, and down, by thresholds of their load",
      [](const PolicyContext& context) {
        fair::Params params(fair::Discipline::kCfs, context.kernel, context.machine.nr_cpus());
        params.hmp = true;
        params.sched_energy_aware = false;
        return params;
      },
      [](const fair::Params& params, const PolicyContext& context) {
        if (params.up_threshold < params.down_threshold)
          throw Error(context.where,
                      "down_threshold is " + std::to_string(params.down_threshold) + ", above up_threshold, " +
                          std::to_string(params.up_threshold) +
                          ": tasks between them would go up and down all the time",
                      "take one that is not");
        return fair_stack(params, context.kernel);
      }));
  return list;
}

}  // namespace simsched

// big.LITTLE before schedulers knew of it: the fair class on pairs of a little and a big core, each of which shows
// itself as one CPU and is switched between its cores below the scheduler, by the governor of its frequency
// (topology/switched.h, sim/cpufreq.cc).
#include "policies/policy.h"

#include "topology/switched.h"

namespace simsched {
namespace {

struct SwitcherParams {
  fair::Params fair;
  Nanos cost = 100_us;  // an estimate: tens of us for its state, and the caches

  void bind(TunableReader& reader) {
    reader.bind("switch_ns", &cost, Nanos(0), 1_s, "for so long a CPU stops while it becomes its other core");
    fair.bind(reader);
  }
};

std::unique_ptr<Policy> switcher(const char* name, const char* summary, SwitchedBy by) {
  return make_policy_row<SwitcherParams>(
      name, summary,
      [](const PolicyContext& context) {
        return SwitcherParams{fair::Params(fair::Discipline::kEevdf, context.kernel, context.machine.nr_cpus())};
      },
      [](const SwitcherParams& params, const PolicyContext& context) {
        return fair_stack(params.fair, context.kernel);
      },
      [by](const SwitcherParams& params, const Machine& machine) {
        return switched_machine(machine, by, params.cost);
      });
}

}  // namespace

Policies switcher_policies() {
  Policies list;
  list.push_back(
      switcher("cluster_switch", "big.LITTLE as one cluster, which is little or big as a whole", SwitchedBy::kCluster));
  list.push_back(switcher("iks", "big.LITTLE's in-kernel switcher: a CPU is a pair of a little and a big core",
                          SwitchedBy::kPair));
  return list;
}

}  // namespace simsched

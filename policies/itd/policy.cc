// Intel Thread Director as Neri's patches to the fair class use it (policies/fair/ipc_class.cc); without, what the
// kernel does: cores by their priority alone (ITMT).
#include "policies/policy.h"

namespace simsched {

Policies itd_policies() {
  Policies list;
  list.push_back(make_policy_row<fair::Params>(
      "itd", "eevdf with Thread Director's classes: of those waiting for a big core, who gains most by it goes first",
      [](const PolicyContext& context) {
        fair::Params params(fair::Discipline::kEevdf, context.kernel, context.machine.nr_cpus());
        params.has_ipc_classes = params.ipc_classes = true;
        return params;
      },
      [](const fair::Params& params, const PolicyContext& context) { return fair_stack(params, context.kernel); }));
  return list;
}

}  // namespace simsched

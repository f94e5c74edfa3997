// The kernel's own: the fair class under its two disciplines.
#include "policies/policy.h"

namespace simsched {
namespace {

std::unique_ptr<Policy> fair_policy(const char* name, const char* summary, fair::Discipline discipline) {
  return make_policy_row<fair::Params>(
      name, summary,
      [discipline](const PolicyContext& context) {
        return fair::Params(discipline, context.kernel, context.machine.nr_cpus());
      },
      [](const fair::Params& params, const PolicyContext& context) { return fair_stack(params, context.kernel); });
}

}  // namespace

Policies fair_policies() {
  Policies list;
  list.push_back(fair_policy("eevdf", "the kernel's own since 6.6: earliest eligible virtual deadline first",
                             fair::Discipline::kEevdf));
  list.back()->came_with({6, 6});
  list.push_back(fair_policy("cfs", "the kernel's own until 6.5: completely fair, least virtual run time first",
                             fair::Discipline::kCfs));
  return list;
}

}  // namespace simsched

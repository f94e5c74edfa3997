#include "policies/policy.h"

#include "policies/muqss/muqss.h"

namespace simsched {

Policies muqss_policies() {
  Policies list;
  list.push_back(make_policy_row<muqss::Params>(
      "muqss", "Con Kolivas's of 2016 to 2021: virtual deadlines, a queue for each cache",
      [](const PolicyContext&) { return muqss::Params(); },
      [](const muqss::Params& params, const PolicyContext& context) {
        auto cls = std::make_unique<muqss::MuqssClass>(params);
        auto has_tasks = [&cls = *cls](CpuId cpu) { return cls.has_tasks(cpu); };
        return stack_above(std::move(cls), has_tasks, context.kernel);
      }));
  return list;
}

}  // namespace simsched

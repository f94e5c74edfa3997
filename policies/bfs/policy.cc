#include "policies/policy.h"

#include "policies/bfs/bfs.h"

namespace simsched {

Policies bfs_policies() {
  Policies list;
  list.push_back(make_policy_row<bfs::Params>(
      "bfs", "Con Kolivas's of 2009 to 2016: one queue, earliest virtual deadline first",
      [](const PolicyContext&) { return bfs::Params(); },
      [](const bfs::Params& params, const PolicyContext& context) {
        auto cls = std::make_unique<bfs::BfsClass>(params);
        auto has_tasks = [&cls = *cls](CpuId cpu) { return cls.has_tasks(cpu); };
        return stack_above(std::move(cls), has_tasks, context.kernel);
      }));
  return list;
}

}  // namespace simsched

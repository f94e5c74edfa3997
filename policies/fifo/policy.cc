// The row by which configs know the class: its name, what it is, and how it is made. The build finds this file by its
// name and calls FOLDER_policies().
#include "policies/policy.h"

#include "policies/fifo/fifo.h"

namespace simsched {

Policies fifo_policies() {
  Policies list;
  list.push_back(make_policy_row<fifo::Params>(
      "fifo", "first in, first out, a queue a CPU: small, and an example to copy",
      [](const PolicyContext&) { return fifo::Params(); },
      [](const fifo::Params& params, const PolicyContext& context) {
        auto cls = std::make_unique<fifo::FifoClass>(params);
        auto has_tasks = [&cls = *cls](CpuId cpu) { return cls.has_tasks(cpu); };
        return stack_above(std::move(cls), has_tasks, context.kernel);
      }));
  return list;
}

}  // namespace simsched

#include "policies/ext/stack.h"

#include <algorithm>
#include <utility>

#include "policies/dl_server.h"

namespace simsched::ext {

void add_class(std::unique_ptr<ExtClass> ext, const KernelParams& kernel, ClassStack* stack) {
  if (kernel.at_least(7, 0)) {
    std::vector<const SchedClass*> above;
    for (const auto& cls : *stack) above.push_back(cls.get());
    auto has_tasks = [&ext = *ext](CpuId cpu) { return ext.has_tasks(cpu); };
    auto server = std::make_unique<DlServer>(*ext, has_tasks, std::move(above));
    stack->insert(stack->begin() + 2, std::move(server));  // after the stoppers and deadline tasks
  }
  stack->push_back(std::move(ext));
}

}  // namespace simsched::ext
